"""When and how often the key set is fetched, and which requests wait for it."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from adapters.jwt import key_set as key_set_module
from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import WAITING_MAX, KeySetTokenVerifier
from application.errors import InvalidToken, KeysUnavailable
from application.ports.token_verifier import TokenVerifier
from tests.key_set.conftest import FakeClock, running_fetches
from tests.key_set.issuer import FakeIssuer, key_set
from tests.key_set.signing_keys import signing_key
from tests.waiting import until

NewVerifier = Callable[..., KeySetTokenVerifier]

first = signing_key(kid="first")
second = signing_key(kid="second")
third = signing_key(kid="third")


def forged(number: int = 0) -> str:
    """A token under a ``kid`` that the issuer never used."""
    return first.token(headers={"kid": f"forged {number}"})


async def refusal(verifier: TokenVerifier, token: str) -> type[Exception]:
    """Return the type of the error that ``token`` causes."""
    with pytest.raises((InvalidToken, KeysUnavailable)) as caught:
        await verifier.subject_of(token)
    return caught.type


async def background_fetch() -> None:
    """Wait for the fetch in the background."""
    async with asyncio.timeout(2):
        await asyncio.wait(running_fetches())


async def test_nothing_is_fetched_before_the_first_token(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    assert not running_fetches()
    assert issuer.fetches == 0
    assert await verifier.subject_of(first.token()) == "ada"
    assert issuer.fetches == 1


async def test_a_key_set_is_requested_without_compression() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, str(request.url), request.headers["Accept-Encoding"]))
        return httpx.Response(200, content=key_set(signing_key()))

    url = "https://issuer.example/api/auth/jwks"
    verifier = KeySetTokenVerifier(
        url=url, rules=ClaimRules(), transport=httpx.MockTransport(answer)
    )
    token = signing_key().token(aud=None)
    assert await verifier.subject_of(token) == "ada"
    assert asked == [("GET", url, "identity")]


async def test_few_requests_wait_for_a_fetch_and_none_for_a_known_key(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WAITING_MAX == 1000
    monkeypatch.setattr(key_set_module, "WAITING_MAX", 2)
    await verifier.subject_of(first.token())
    issuer.hold_back(first)
    waiting = [asyncio.create_task(refusal(verifier, forged(number))) for number in range(2)]
    await issuer.asked()
    assert await refusal(verifier, forged(3)) is KeysUnavailable
    assert await verifier.subject_of(first.token()) == "ada"
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    waiting.append(asyncio.create_task(refusal(verifier, forged(4))))
    await asyncio.sleep(0)
    issuer.release()
    assert await asyncio.gather(*waiting[1:]) == [InvalidToken, InvalidToken]


async def test_a_hundred_first_requests_wait_for_one_fetch(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.hold_back(first)
    tokens = [first.token(sub=f"user {number}") for number in range(100)]
    requests = [asyncio.create_task(verifier.subject_of(token)) for token in tokens]
    await issuer.asked()
    assert not any(request.done() for request in requests)
    issuer.release()
    assert await asyncio.gather(*requests) == [f"user {number}" for number in range(100)]
    assert issuer.fetches == 1


async def test_a_hundred_first_requests_share_one_fetch_from_an_issuer_that_hangs(
    new_verifier: NewVerifier, issuer: FakeIssuer
) -> None:
    verifier = new_verifier(timeout=0.2)
    issuer.hold()
    requests = [verifier.subject_of(first.token()) for _ in range(100)]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert {type(answer) for answer in answers} == {KeysUnavailable}
    assert issuer.fetches == 1


async def test_a_set_is_kept_for_five_minutes(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    clock.advance(minutes=5, seconds=-1)
    await verifier.subject_of(first.token())
    assert not running_fetches()
    assert issuer.fetches == 1


@pytest.mark.parametrize("minutes", [5, 10])
async def test_a_set_of_five_minutes_is_refreshed_without_a_request_waiting(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock, minutes: int
) -> None:
    await verifier.subject_of(first.token())
    issuer.hold_back(second)
    clock.advance(minutes=minutes)
    for _ in range(100):
        assert await verifier.subject_of(first.token()) == "ada"
    await issuer.asked()
    assert await verifier.subject_of(first.token()) == "ada"
    issuer.release()
    await background_fetch()
    assert await verifier.subject_of(second.token()) == "ada"
    assert issuer.fetches == 2


async def test_a_key_that_the_issuer_withdrew_is_refused_after_the_refresh(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    issuer.publish(second)
    clock.advance(minutes=5)
    await verifier.subject_of(first.token())
    await background_fetch()
    assert await refusal(verifier, first.token()) is InvalidToken


@pytest.mark.parametrize("seconds", [601, 7200])
async def test_a_set_unused_for_over_ten_minutes_is_refreshed_before_its_next_use(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock, seconds: int
) -> None:
    await verifier.subject_of(first.token())
    issuer.publish(second)
    clock.advance(seconds=seconds)
    assert await refusal(verifier, first.token()) is InvalidToken


async def test_a_new_key_works_at_once(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    issuer.publish(first, second)
    clock.advance(seconds=1)
    assert await verifier.subject_of(second.token()) == "ada"
    assert await verifier.subject_of(first.token()) == "ada"
    assert issuer.fetches == 2


async def test_a_key_rotated_right_after_a_refresh_that_removed_another_works_at_once(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    issuer.publish(second)
    clock.advance(minutes=5)
    await verifier.subject_of(first.token())
    await background_fetch()
    issuer.publish(second, third)
    clock.advance(seconds=1)
    assert await verifier.subject_of(third.token()) == "ada"


async def test_a_key_added_to_several_right_after_a_refresh_works_at_once(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    issuer.publish(first, second)
    await verifier.subject_of(first.token())
    clock.advance(minutes=5)
    await verifier.subject_of(first.token())
    await background_fetch()
    issuer.publish(first, second, third)
    clock.advance(seconds=1)
    assert await verifier.subject_of(third.token()) == "ada"


async def test_a_key_rotated_during_a_regular_fetch_works_at_once(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.hold_back(first)
    before = asyncio.create_task(verifier.subject_of(first.token()))
    await issuer.asked()
    after = [asyncio.create_task(verifier.subject_of(second.token())) for _ in range(10)]
    await until(lambda: verifier._key_set._waiting == 1 + len(after))
    issuer.release()
    issuer.publish(first, second)
    assert await before == "ada"
    assert await asyncio.gather(*after) == ["ada"] * 10
    assert issuer.fetches == 2


async def test_a_key_that_needs_two_fetches_has_the_time_of_one(
    new_verifier: NewVerifier, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    real_time = loop.time
    verifier = new_verifier(timeout=100)
    issuer.hold_back(first)
    before = asyncio.create_task(verifier.subject_of(first.token()))
    await issuer.asked()
    after = asyncio.create_task(refusal(verifier, second.token()))
    await until(lambda: verifier._key_set._waiting == 2)
    monkeypatch.setattr(loop, "time", lambda: real_time() + 90)
    issuer.release()
    issuer.hold_back(first, second)
    assert await before == "ada"
    await issuer.asked()
    # The second fetch has 90 s left, the token has 10.
    monkeypatch.setattr(loop, "time", lambda: real_time() + 101)
    async with asyncio.timeout(5):
        assert await after is KeysUnavailable
    assert issuer.fetches == 2
    issuer.release()


async def test_a_second_rotation_within_ten_seconds_has_to_wait(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    issuer.publish(second)
    await verifier.subject_of(second.token())
    issuer.publish(third)
    clock.advance(seconds=9)
    assert await refusal(verifier, third.token()) is InvalidToken
    clock.advance(seconds=1)
    assert await verifier.subject_of(third.token()) == "ada"


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
async def test_twenty_forged_kids_in_a_row_cost_one_fetch(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock, warm: bool
) -> None:
    if warm:
        await verifier.subject_of(first.token())
    for number in range(20):
        assert await refusal(verifier, forged(number)) is InvalidToken
        clock.advance(seconds=0.4)
    assert issuer.fetches == 1 + warm
    clock.advance(seconds=10)
    assert await refusal(verifier, forged()) is InvalidToken
    assert issuer.fetches == 2 + warm


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
async def test_a_hundred_forged_kids_at_once_cost_one_fetch(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, warm: bool
) -> None:
    if warm:
        await verifier.subject_of(first.token())
    requests = [refusal(verifier, forged(number)) for number in range(100)]
    assert set(await asyncio.gather(*requests)) == {InvalidToken}
    assert issuer.fetches == 1 + warm


async def test_forged_kids_do_not_delay_the_regular_refresh(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    clock.advance(minutes=5)
    assert await refusal(verifier, forged()) is InvalidToken
    assert issuer.fetches == 2
    clock.advance(minutes=5)
    await verifier.subject_of(first.token())
    await background_fetch()


async def test_tokens_that_no_key_could_verify_cause_no_fetch(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    long_kid = first.token(headers={"kid": "k" * 256})
    foreign = signing_key("ES384").token()
    header, payload, signature = forged().split(".")
    cut = (header, f"{header}.{payload}", f"{header}.!.{signature}", f"{header}.{payload}.!")
    unheard_of = first.token(headers={"kid": "forged", "crit": ["unheard-of"], "unheard-of": 1})
    for token in ("", "not.a.token", long_kid, foreign, *cut, unheard_of):
        assert await refusal(verifier, token) is InvalidToken
    assert issuer.fetches == 0


async def test_known_keys_work_for_a_day_while_the_issuer_is_down_and_not_longer(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    await issuer.down()
    for _ in range(24):
        clock.advance(hours=1)
        assert await verifier.subject_of(first.token()) == "ada"
    await background_fetch()
    clock.advance(seconds=1)
    assert await refusal(verifier, first.token()) is KeysUnavailable
    await issuer.up()
    clock.advance(seconds=10)
    assert await verifier.subject_of(first.token()) == "ada"


async def test_only_the_first_request_waits_when_an_unused_set_cannot_be_refreshed(
    new_verifier: NewVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    verifier = new_verifier(timeout=0.2)
    await verifier.subject_of(first.token())
    issuer.hold()
    clock.advance(hours=23)
    assert await verifier.subject_of(first.token()) == "ada"
    assert not running_fetches()
    clock.advance(seconds=10)
    assert await verifier.subject_of(first.token()) == "ada"
    assert len(running_fetches()) == 1
    issuer.release()
    await background_fetch()


async def test_an_unknown_kid_is_a_retryable_error_while_the_issuer_is_down(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    issuer.reset()
    for _ in range(20):
        assert await refusal(verifier, second.token()) is KeysUnavailable
        assert await verifier.subject_of(first.token()) == "ada"
    assert issuer.fetches == 2
    issuer.publish(first, second)
    clock.advance(seconds=9)
    assert await refusal(verifier, second.token()) is KeysUnavailable
    clock.advance(seconds=1)
    assert await verifier.subject_of(second.token()) == "ada"
    assert await refusal(verifier, forged()) is InvalidToken


async def test_after_a_failed_refresh_an_unknown_kid_is_a_retryable_error(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await verifier.subject_of(first.token())
    assert await refusal(verifier, forged()) is InvalidToken
    issuer.reset()
    clock.advance(minutes=5)
    await verifier.subject_of(first.token())
    await background_fetch()
    assert await refusal(verifier, second.token()) is KeysUnavailable
    await verifier.subject_of(first.token())
    assert issuer.fetches == 3


async def test_a_service_started_during_an_outage_recovers_after_it(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    await issuer.down()
    assert await refusal(verifier, first.token()) is KeysUnavailable
    await issuer.up()
    assert await refusal(verifier, first.token()) is KeysUnavailable
    assert issuer.fetches == 0
    clock.advance(seconds=10)
    assert await verifier.subject_of(first.token()) == "ada"


async def test_a_cancelled_request_does_not_cancel_the_fetch_for_others(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.hold_back(first)
    requests = [asyncio.create_task(verifier.subject_of(first.token())) for _ in range(3)]
    await issuer.asked()
    requests[0].cancel()
    requests[1].cancel()
    await asyncio.wait(requests[:2])
    assert all(request.cancelled() for request in requests[:2])
    issuer.release()
    assert await requests[2] == "ada"
    assert issuer.fetches == 1


async def test_a_fetch_outlives_the_only_request_that_waited_for_it(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.hold_back(first)
    request = asyncio.create_task(verifier.subject_of(first.token()))
    await issuer.asked()
    request.cancel()
    await asyncio.wait([request])
    issuer.release()
    assert await verifier.subject_of(first.token()) == "ada"
    assert issuer.fetches == 1
