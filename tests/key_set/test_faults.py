"""Faulty responses of an issuer, and their effect on known keys."""

import asyncio
import gc
import gzip
import json
import logging
from collections.abc import Callable
from itertools import count

import httpx
import pytest

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from application.errors import InvalidToken, KeysUnavailable
from tests.key_set.conftest import FakeClock, running_fetches
from tests.key_set.issuer import FakeIssuer, key_set, response
from tests.key_set.signing_keys import signing_key

NewVerifier = Callable[..., KeySetTokenVerifier]

known = signing_key(kid="known")
fresh = signing_key(kid="fresh")
good = key_set(known, fresh)

INVALID_RESPONSES = {
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "a naked document": good,
    "nothing": b"",
    "half a response": response(good)[:-20],
    "a server error": response(good, status="500 Internal Server Error"),
    "not found": response(good, status="404 Not Found"),
    "a redirect with a good body": response(
        good, status="302 Found", headers=b"location: /elsewhere\r\n"
    ),
    "a part": response(good, status="206 Partial Content"),
    "no content": b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    "HTML": response(b"<!doctype html><title>Sign in</title>"),
    "an empty body": response(b""),
    "bad UTF-8": response(b'{"keys": "\xff\xfe\xfa"}'),
    "cut JSON": response(good[:-10]),
    "deep JSON": response(b"[" * 200_000),
    "a huge number": response(b'{"keys": ' + b"9" * 100_000 + b"}"),
    "a list": response(json.dumps(json.loads(good)["keys"]).encode()),
    "null": response(b"null"),
    "an object without keys": response(b'{"error": "not today"}'),
    "keys that are no list": response(b'{"keys": {"kid": "fresh"}}'),
    "no keys": response(b'{"keys": []}'),
    "keys that are no objects": response(b'{"keys": [null, 1, "kty", ["kty"], {}]}'),
    "an endless header": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    "a body beyond the limit": response(good + b" " * 256 * 1024),
    "a compressed body": response(gzip.compress(good), headers=b"content-encoding: gzip\r\n"),
    "a compressed bomb": response(
        gzip.compress(b" " * 10_000_000), headers=b"content-encoding: gzip\r\n"
    ),
    "a redirect to nowhere": response(b"", status="302 Found", headers=b"location: a:b\r\n"),
    "an unreadable redirect": response(b"", status="302 Found", headers=b"location: http://[\r\n"),
}


@pytest.mark.parametrize("answer", INVALID_RESPONSES.values(), ids=INVALID_RESPONSES.keys())
async def test_an_invalid_response_counts_as_an_outage(
    verifier: KeySetTokenVerifier,
    issuer: FakeIssuer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
) -> None:
    issuer.send(answer)
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(known.token())
    issuer.publish(known)
    clock.advance(seconds=10)
    assert await verifier.subject_of(known.token()) == "ada"
    issuer.send(answer)
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(fresh.token())
    assert await verifier.subject_of(known.token()) == "ada"
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 2
    for record in warnings:
        assert record.getMessage().startswith(f"BETTER_AUTH_JWKS_URL={issuer.url} gives no keys: ")
        assert known.jwk["x"] not in record.getMessage()


@pytest.mark.parametrize(
    "fault",
    [
        lambda issuer: issuer.hold(),
        lambda issuer: issuer.trickle(response(good)),
        lambda issuer: issuer.trickle(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        lambda issuer: issuer.reset(),
        lambda issuer: issuer.reset(response(good)[:-20]),
    ],
    ids=["hung", "trickled body", "trickled head", "reset", "reset half-way"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_fetch_ends_in_time_on_any_connection(
    new_verifier: NewVerifier, issuer: FakeIssuer, fault: Callable[[FakeIssuer], None], scheme: str
) -> None:
    verifier = new_verifier(timeout=0.06, url=issuer.url.replace("http", scheme))
    fault(issuer)
    async with asyncio.timeout(2):
        with pytest.raises(KeysUnavailable):
            await verifier.subject_of(known.token())
        # The fetch does not continue in the background.
        await asyncio.gather(*running_fetches())
    gc.collect()  # a socket left open causes a warning, which fails the test


async def test_the_event_loop_is_not_blocked_while_the_issuer_hangs(
    new_verifier: NewVerifier, issuer: FakeIssuer
) -> None:
    issuer.hold()
    request = asyncio.create_task(new_verifier(timeout=0.1).subject_of(known.token()))
    await issuer.asked()
    turns = 0
    while not request.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 5
    assert isinstance(request.exception(), KeysUnavailable)


async def test_a_redirect_is_not_followed(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    location = f"location: {issuer.url}/elsewhere\r\n".encode()
    issuer.send(response(b"", status="307 Temporary Redirect", headers=location))
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(known.token())
    assert issuer.fetches == 1


async def test_a_key_set_just_within_the_limit_is_read(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.send(response(good.ljust(256 * 1024)))
    assert await verifier.subject_of(known.token()) == "ada"


async def test_an_unreachable_address_is_named_in_the_log(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    await issuer.down()
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(known.token())
    assert caplog.messages == [
        f"BETTER_AUTH_JWKS_URL={issuer.url} gives no keys: the connection is refused: nothing "
        "listens there; requests are answered with 500 until it does"
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("not found", "the server answers 404; Better Auth's path is /api/auth/jwks"),
        ("a server error", "the server answers 500"),
        ("a compressed body", "the response is compressed although that was not asked for"),
        ("a body beyond the limit", "the response has more than 262144 bytes"),
        ("HTML", "the response is an HTML page, no key set"),
        ("an empty body", "the response is empty"),
        ("cut JSON", "the response is not JSON"),
        ("deep JSON", "the response is not JSON"),
        (
            "an object without keys",
            "the response is JSON, but no key set: it has no list named keys",
        ),
        ("no keys", "the key set is empty"),
        (
            "keys that are no objects",
            "none of the 5 keys in the key set can be used (one is no object); "
            "EdDSA, ES256, ES512, RS256, PS256 are supported",
        ),
        (
            "no HTTP",
            "the response is not HTTP or is cut off; if it is TLS, write https:// in the URL",
        ),
        (
            "half a response",
            "the response is not HTTP or is cut off; if it is TLS, write https:// in the URL",
        ),
        ("a redirect to nowhere", "the server redirects to an address that is no URL"),
    ],
)
async def test_the_log_and_the_error_say_what_is_wrong_with_a_response(
    verifier: KeySetTokenVerifier,
    issuer: FakeIssuer,
    caplog: pytest.LogCaptureFixture,
    answer: str,
    reason: str,
) -> None:
    issuer.send(INVALID_RESPONSES[answer])
    with pytest.raises(KeysUnavailable) as error:
        await verifier.subject_of(known.token())
    assert str(error.value) == f"BETTER_AUTH_JWKS_URL={issuer.url} gives no keys: {reason}"
    assert caplog.messages == [f"{error.value}; requests are answered with 500 until it does"]


async def test_the_issuers_response_is_not_logged(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.send(b'{"keys": "secret"}\r\n\r\n')
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(known.token())
    assert "is not HTTP" in caplog.text
    assert "secret" not in caplog.text


async def test_keys_that_changed_during_an_outage_are_used(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer, clock: FakeClock
) -> None:
    issuer.publish(known)
    await verifier.subject_of(known.token())
    await issuer.down()
    clock.advance(minutes=11)
    assert await verifier.subject_of(known.token()) == "ada"
    issuer.publish(fresh)
    await issuer.up()
    clock.advance(seconds=10)
    assert await verifier.subject_of(fresh.token()) == "ada"
    with pytest.raises(InvalidToken):
        await verifier.subject_of(known.token())


async def test_a_transport_that_uvloop_has_closed_counts_as_an_outage(clock: FakeClock) -> None:
    requests = count(1)

    def answer(_: httpx.Request) -> httpx.Response:
        if next(requests) == 1:
            raise RuntimeError("unable to perform operation on a closed transport")
        return httpx.Response(200, content=good)

    verifier = KeySetTokenVerifier(
        url="http://issuer.example/jwks",
        rules=ClaimRules(),
        transport=httpx.MockTransport(answer),
        now=clock,
    )
    with pytest.raises(KeysUnavailable):
        await verifier.subject_of(known.token())
    clock.advance(seconds=10)
    assert await verifier.subject_of(known.token()) == "ada"


async def test_the_server_is_requested_not_to_compress(clock: FakeClock) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "gzip" not in request.headers.get("Accept-Encoding", "gzip"):
            return httpx.Response(200, content=good)
        return httpx.Response(
            200, content=gzip.compress(good), headers={"Content-Encoding": "gzip"}
        )

    verifier = KeySetTokenVerifier(
        url="https://app.example.com/jwks",
        rules=ClaimRules(),
        transport=httpx.MockTransport(answer),
        now=clock,
    )
    assert await verifier.subject_of(known.token()) == "ada"
