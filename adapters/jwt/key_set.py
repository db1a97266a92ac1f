"""Tokens signed with keys that the issuer publishes as a JSON Web Key Set."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Thread
from typing import Final

import anyio
import httpx
from jwt import PyJWK

from adapters.jwt.claims import ClaimRules
from adapters.jwt.json_web_keys import UnusableKeySet, usable_keys
from adapters.jwt.token_header import key_id_of, require_well_formed
from application.errors import InvalidToken, Unavailable

TIMEOUT_SECONDS: Final = 3.0
"""Longest that one fetch may take as a whole."""
FRESH_SECONDS: Final = 5 * 60
"""Age from which the set is refreshed in the background, while it is still used."""
UNCONFIRMED_SECONDS: Final = 2 * FRESH_SECONDS
"""Age beyond which a token waits for a refresh; if that fails, the set is still used."""
OUTAGE_SECONDS: Final = 24 * 60 * 60
"""Age up to which the set is used while the issuer is out of reach."""
REST_SECONDS: Final = 10
"""Pause after a fetch that failed or that an unknown ``kid`` caused."""
WAIT_MARGIN_SECONDS: Final = 0.25
"""How much longer than a fetch a token waits for its key.

The fetch then fails first, and known keys remain in use.
"""
_BODY_MAX: Final = 256 * 1024

FetchObserver = Callable[[], AbstractContextManager[object]]
"""Returns the context in which a fetch runs; an error of the fetch passes through it."""

logger = logging.getLogger(__name__)


class KeySet:
    """Cache of the issuer's keys, fetched when a token needs them.

    Belongs to one event loop. Nothing is fetched before the first token, so the issuer may start
    later, and its outage needs no restart of this service.
    """

    def __init__(
        self,
        *,
        url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT_SECONDS,
        observer: FetchObserver = nullcontext,
    ) -> None:
        self._url = httpx.URL(url)
        self._transport = transport
        self._now = now
        self._timeout = timeout
        self._observer = observer
        # httpcore leaks the socket of a TLS handshake that is cancelled. The time-outs of its two
        # steps, connecting and the handshake, must therefore end before that of the whole fetch.
        self._step_timeout = httpx.Timeout(timeout, connect=0.45 * timeout)
        # Created once: reading the certificates would block the event loop at every fetch.
        self._tls = httpx.create_ssl_context()
        _import_http_client()
        self._keys: dict[str | None, PyJWK] = {}
        self._fetched_at = -math.inf
        self._failing = False
        self._rest_until = -math.inf
        self._fetch: asyncio.Task[None] | None = None

    def __contains__(self, kid: str | None) -> bool:
        """Whether the issuer's key ``kid`` can be used without a fetch."""
        return self._known(kid) is not None

    async def find(self, kid: str | None) -> PyJWK:
        """Return the issuer's key ``kid``; if ``kid`` is None, the only key of the set.

        Raises InvalidToken if the issuer has no such key, Unavailable if that cannot be found out.
        """
        key = self._known(kid)
        if key is None:
            try:
                async with asyncio.timeout(self._timeout + WAIT_MARGIN_SECONDS):
                    key = await self._fetched(kid)
            except TimeoutError as error:
                raise Unavailable("the key set did not come in time") from error
        if self._age() >= FRESH_SECONDS and not self._is_resting():
            _ = self._fetching_for(kid)  # in the background
        return key

    async def _fetched(self, kid: str | None) -> PyJWK:
        # More than one round: a fetch that began before this token came may lack the newest key.
        while (key := self._known(kid)) is None:
            if not self._is_fetching() and self._is_resting():
                if self._failing:
                    raise Unavailable("the key set is out of reach")
                raise InvalidToken("no usable key of the issuer has the token's kid")
            # Shielded, because other requests wait for the same fetch.
            await asyncio.shield(self._fetching_for(kid))
        return key

    def _known(self, kid: str | None) -> PyJWK | None:
        longest = OUTAGE_SECONDS if self._failing else UNCONFIRMED_SECONDS
        return self._keys.get(kid) if self._age() <= longest else None

    def _age(self) -> float:
        return self._now() - self._fetched_at

    def _is_resting(self) -> bool:
        return self._now() < self._rest_until

    def _is_fetching(self) -> bool:
        return self._fetch is not None and not self._fetch.done()

    def _fetching_for(self, kid: str | None) -> asyncio.Task[None]:
        """Return the fetch under way, or start one."""
        if self._fetch is None or self._fetch.done():
            # The event loop holds no strong reference to a task.
            self._fetch = asyncio.create_task(self._refresh(kid))
        return self._fetch

    async def _refresh(self, kid: str | None) -> None:
        due = self._age() >= FRESH_SECONDS
        rest = REST_SECONDS
        try:
            with self._observer():
                keys = usable_keys(await self._download())
        # InvalidURL: httpx parses the address of a redirect that it does not follow.
        # RuntimeError: RecursionError, and uvloop's error for a connection that is closed.
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RuntimeError) as error:
            self._failing = True
            logger.warning("the key set could not be fetched: %s", _reason(error))
        else:
            if due and (kid in keys or kid in self._keys):
                # A regular refresh, not caused by an unknown key, which may cause the next one.
                rest = 0
            self._keys = keys
            self._fetched_at = self._now()
            self._failing = False
        finally:
            self._rest_until = self._now() + rest

    async def _download(self) -> bytes:
        async with (
            # For the whole fetch, because httpx's time-outs restart with every byte.
            asyncio.timeout(self._timeout),
            httpx.AsyncClient(
                transport=self._transport, verify=self._tls, timeout=self._step_timeout
            ) as client,
            # Uncompressed, so that a small response cannot expand to a large one.
            client.stream("GET", self._url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise UnusableKeySet(f"its status is {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise UnusableKeySet("it is compressed")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _BODY_MAX:
                    raise UnusableKeySet(f"it has more than {_BODY_MAX} bytes")
            return bytes(body)


def _import_http_client() -> None:
    """Import now what the first fetch would import, which would block the event loop.

    httpx imports its transport when a client is created, and anyio its event loop's part when a
    loop first needs it. Here that is a loop in a thread, because the caller may run in one.
    """
    httpx.AsyncClient(verify=False)  # noqa: S501 - it never sends a request
    thread = Thread(target=anyio.run, args=(anyio.sleep, 0))
    thread.start()
    thread.join()


def _reason(error: Exception) -> str:
    # Messages of other errors may quote the response. These messages may be empty.
    message = str(error) if isinstance(error, UnusableKeySet | httpx.ConnectError) else ""
    return message or type(error).__name__


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
        self._key_set = KeySet(
            url=url, transport=transport, now=now, timeout=timeout, observer=observer
        )
        self._rules = rules

    async def subject_of(self, token: str) -> str:
        key_id = key_id_of(token)
        if key_id not in self._key_set:
            # A fetch is for tokens that a new key might verify.
            require_well_formed(token)
        key = await self._key_set.find(key_id)
        return self._rules.subject_of(token, key, algorithm=key.algorithm_name)
