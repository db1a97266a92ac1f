"""Fixtures: a fake issuer, a clock that tests move, and verifiers that use both."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from tests.key_set.issuer import FakeIssuer
from tests.key_set.signing_keys import ISSUER, signing_key


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        self.seconds += seconds + 60 * minutes + 3600 * hours


def running_fetches() -> list[asyncio.Task[object]]:
    return [task for task in asyncio.all_tasks() if "KeySet" in repr(task.get_coro())]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bypass proxies of the environment, so that requests reach the fake issuer."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    """An issuer that publishes ``signing_key()``."""
    issuer = FakeIssuer()
    issuer.publish(signing_key())
    await issuer.up()
    yield issuer
    await issuer.down()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def new_verifier(issuer: FakeIssuer, clock: FakeClock) -> Callable[..., KeySetTokenVerifier]:
    """Makes verifiers that have fetched nothing yet."""

    def new_verifier(*, timeout: float = 3, url: str | None = None) -> KeySetTokenVerifier:
        rules = ClaimRules(issuer=ISSUER, audience=ISSUER)
        return KeySetTokenVerifier(url=url or issuer.url, rules=rules, now=clock, timeout=timeout)

    return new_verifier


@pytest.fixture
def verifier(new_verifier: Callable[..., KeySetTokenVerifier]) -> KeySetTokenVerifier:
    return new_verifier()
