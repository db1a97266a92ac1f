"""Tokens signed with keys that the issuer publishes as a JSON Web Key Set."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import httpx
from jwt import PyJWK

from adapters.jwt.algorithms import KEY_SET_ALGORITHMS, refused_with_key_set
from adapters.jwt.claims import ClaimRules
from adapters.jwt.examination import examined
from adapters.jwt.json_web_keys import usable_keys
from adapters.jwt.key_set_source import KeySetSource
from adapters.jwt.signature import signed_claims, unverified_claims
from adapters.jwt.token_header import header_of, key_id_of, require_known_extensions
from application.errors import InvalidToken, KeysUnavailable
from application.token_checks import TokenCheck, TokenReport
from domain.text import quoted

TIMEOUT_SECONDS: Final = 3.0
"""Most seconds for a whole fetch."""
FRESH_SECONDS: Final = 5 * 60
"""Age in seconds from which the set is refreshed in the background and still used."""
UNCONFIRMED_SECONDS: Final = 2 * FRESH_SECONDS
"""Age beyond which tokens wait for a refresh. If that fails, the set is still used."""
OUTAGE_SECONDS: Final = 24 * 60 * 60
"""Age up to which the set is used while the issuer cannot be reached."""
REST_SECONDS: Final = 10
"""Pause in seconds after a failed fetch, or one for an unknown ``kid``."""
WAIT_MARGIN_SECONDS: Final = 0.25
"""Seconds that a token waits longer than a fetch may take.

So the fetch fails first, and known keys remain in use.
"""
WAITING_MAX: Final = 1000
"""Most requests that wait for a fetch, because clients can send many and disconnect."""
_SHOWN_MAX: Final = 5
"""Most keys that a message names."""

FetchObserver = Callable[[], AbstractContextManager[object]]
"""Returns the context in which a fetch runs; an error of the fetch passes through it."""

logger = logging.getLogger(__name__)


class KeySet:
    """Cache of the issuer's keys. They are fetched at startup and when a token needs them.

    Belongs to one event loop. After an outage of the issuer, even one at startup, the service need
    not be restarted.
    """

    def __init__(
        self, source: KeySetSource, *, now: Callable[[], float], observer: FetchObserver
    ) -> None:
        self._source = source
        self._now = now
        self._observer = observer
        self._keys: dict[str | None, PyJWK] = {}
        self._fetched_at = -math.inf
        self._failure: str | None = None
        """Why the last fetch failed; None if it succeeded."""
        self._rest_until = -math.inf
        self._fetch: asyncio.Task[None] | None = None
        self._waiting = 0

    def __contains__(self, kid: str | None) -> bool:
        """Whether the issuer's key ``kid`` can be used without a fetch."""
        return self._known(kid) is not None

    async def all(self) -> Mapping[str | None, PyJWK]:
        """Return every key, by its ``kid``. Raises KeysUnavailable if they cannot be fetched."""
        if not self._keys:
            # No token caused this fetch, so the next token may try again without a pause.
            await asyncio.shield(self._fetching_for(None, rest=0))
            if self._failure is not None:
                raise KeysUnavailable(self._failure)
        return {key.key_id: key for key in self._keys.values()}

    async def find(self, kid: str | None) -> PyJWK:
        """Return the issuer's key ``kid``. None means the only key of the set.

        Raises InvalidToken if the issuer has no such key, KeysUnavailable if that is unknown.
        """
        key = self._known(kid)
        if key is None:
            if self._waiting >= WAITING_MAX:
                raise KeysUnavailable(
                    f"{WAITING_MAX} requests wait for {self._source.name} already"
                )
            self._waiting += 1
            try:
                async with asyncio.timeout(self._source.timeout + WAIT_MARGIN_SECONDS):
                    key = await self._fetched(kid)
            except TimeoutError as error:
                raise KeysUnavailable(self._source.failure(error)) from error
            finally:
                self._waiting -= 1
        if self._age() >= FRESH_SECONDS and not self._is_resting():
            _ = self._fetching_for(kid)  # in the background
        return key

    async def _fetched(self, kid: str | None) -> PyJWK:
        # A loop, because a fetch that began before this request may lack the newest key.
        while (key := self._known(kid)) is None:
            if not self._is_fetching() and self._is_resting():
                if self._failure is not None:
                    raise KeysUnavailable(self._failure)
                raise InvalidToken(TokenCheck.KEY, self._missing(kid))
            # Shielded, because other requests wait for the same fetch.
            await asyncio.shield(self._fetching_for(kid))
        return key

    def _missing(self, kid: str | None) -> str:
        if kid is None:
            return (
                f"the token names no key (kid), and {self._source.name} has {_listed(self._keys)}"
            )
        return f"{self._source.name} has no key {quoted(kid)}; it has {_listed(self._keys)}"

    def _known(self, kid: str | None) -> PyJWK | None:
        longest = OUTAGE_SECONDS if self._failure else UNCONFIRMED_SECONDS
        return self._keys.get(kid) if self._age() <= longest else None

    def _age(self) -> float:
        return self._now() - self._fetched_at

    def _is_resting(self) -> bool:
        return self._now() < self._rest_until

    def _is_fetching(self) -> bool:
        return self._fetch is not None and not self._fetch.done()

    def _fetching_for(self, kid: str | None, *, rest: float = REST_SECONDS) -> asyncio.Task[None]:
        """Return the fetch under way, or start one."""
        if self._fetch is None or self._fetch.done():
            # Kept in an attribute because the event loop holds only a weak reference to a task.
            self._fetch = asyncio.create_task(self._refresh(kid, rest))
        return self._fetch

    async def _refresh(self, kid: str | None, rest: float) -> None:
        due = self._age() >= FRESH_SECONDS
        failure: str | None = f"{self._source.name} gives no keys: the fetch was interrupted"
        try:
            with self._observer():
                keys = usable_keys(await self._source.download())
        # No error of a fetch is the token's fault, not even an unforeseen one.
        except Exception as error:  # noqa: BLE001
            failure = self._source.failure(error)
            logger.warning(
                "%s; %s",
                failure,
                "the keys known so far stay in use"
                if self._keys
                else "requests are answered with 500 until it does",
            )
        else:
            failure = None
            if due and (kid in keys or kid in self._keys):
                # A regular refresh: an unknown key may cause another fetch at once.
                rest = 0
            if keys.keys() != self._keys.keys():
                logger.info("%s has %s", self._source.name, _listed(keys))
            self._keys = keys
            self._fetched_at = self._now()
        finally:
            self._failure = failure
            self._rest_until = self._now() + rest


def _listed(keys: Mapping[str | None, PyJWK]) -> str:
    named = [f"{quoted(kid)} ({keys[kid].algorithm_name})" for kid in keys if kid is not None]
    if not named:
        return f"one key without a kid ({keys[None].algorithm_name})"
    more = len(named) - _SHOWN_MAX
    others = f" and {more} more" if more > 0 else ""
    return f"the keys {', '.join(named[:_SHOWN_MAX])}{others}"


class KeySetTokenVerifier:
    """Accepts tokens signed with a key of the set at ``url``, by that key's own algorithm.

    ``transport``, ``now`` and ``timeout`` are for tests.
    """

    def __init__(  # noqa: PLR0913 - half of them are for tests
        self,
        *,
        url: str,
        rules: ClaimRules,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT_SECONDS,
        observer: FetchObserver = nullcontext,
    ) -> None:
        self._source = KeySetSource(url=url, timeout=timeout, transport=transport)
        self._key_set = KeySet(self._source, now=now, observer=observer)
        self._rules = rules

    @property
    def requirements(self) -> str:
        return f"tokens need a key of {self._source.name}, {self._rules.description}"

    async def keys(self) -> Mapping[str | None, str]:
        return {kid: key.algorithm_name for kid, key in (await self._key_set.all()).items()}

    async def subject_of(self, token: str) -> str:
        header = header_of(token)
        if header.get("alg") not in KEY_SET_ALGORITHMS:
            raise InvalidToken(TokenCheck.ALGORITHM, refused_with_key_set(header.get("alg")))
        require_known_extensions(header)
        key_id = key_id_of(header)
        if key_id not in self._key_set:
            # Fetch only for tokens that a new key could verify.
            unverified_claims(token)
        key = await self._key_set.find(key_id)
        claims = signed_claims(token, key, algorithm=key.algorithm_name)
        return self._rules.subject_of(claims, now=time.time())

    async def examine(self, token: str) -> TokenReport:
        return await examined(token, self, self._rules)
