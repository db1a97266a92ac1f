"""The server that publishes the issuer's key set."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from threading import Thread
from typing import Final

import anyio
import httpx

from adapters.jwt.fetch_failures import reason_of
from adapters.jwt.json_web_keys import UnusableKeySet
from adapters.jwt.proxy import Proxy, proxy_for
from adapters.jwt.shown_url import shown_url
from adapters.jwt.tls import tls_context

_BODY_MAX: Final = 256 * 1024
_PROXY_SCHEMES: Final = ("http", "https")
_HINTS: Final[Mapping[int, str]] = {
    401: "; a key set is readable without a login",
    403: "; a key set is readable without a login",
    404: "; Better Auth's path is /api/auth/jwks",
}


class KeySetSource:
    """Downloads the key set at ``url``. ``transport`` is for tests."""

    def __init__(
        self, *, url: str, timeout: float, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Raise InvalidConfiguration if the environment's certificates cannot be used."""
        self._url = httpx.URL(url)
        self._transport = transport
        self.timeout: Final = timeout
        # httpcore leaks the socket of a cancelled TLS handshake. So the time-outs of its two steps,
        # connecting and the handshake, must together be shorter than that of the whole fetch.
        self._step_timeout = httpx.Timeout(timeout, connect=0.45 * timeout)
        # Created once, because reading the certificates blocks the event loop.
        self._tls = tls_context()
        self._proxy = proxy_for(self._url)
        self.name: Final = f"BETTER_AUTH_JWKS_URL={shown_url(self._url)}"
        """Name of this source in messages."""
        _import_http_client()

    async def download(self) -> bytes:
        """Return the document. May raise any error of the server, the network or httpx."""
        async with (
            # For the whole fetch; httpx's time-outs restart with every byte.
            asyncio.timeout(self.timeout),
            self._client() as client,
            # Uncompressed, so that a small response cannot expand to a large one.
            client.stream("GET", self._url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise UnusableKeySet(_status_problem(response))
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise UnusableKeySet("the response is compressed although that was not asked for")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _BODY_MAX:
                    raise UnusableKeySet(f"the response has more than {_BODY_MAX} bytes")
            return bytes(body)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self._transport,
            verify=self._tls,
            timeout=self._step_timeout,
            proxy=None if self._proxy is None else _checked(self._proxy),
            # ``proxy_for`` reads the environment instead.
            trust_env=False,
        )

    def failure(self, error: Exception) -> str:
        """Return a sentence about a failed download: the setting, its address and the reason."""
        through = "" if self._proxy is None else f" (through the proxy {self._proxy})"
        return f"{self.name} gives no keys{through}: {reason_of(error)}"


def _checked(proxy: Proxy) -> httpx.Proxy:
    with suppress(httpx.InvalidURL, ValueError):
        checked = httpx.Proxy(proxy.address)
        if checked.url.scheme in _PROXY_SCHEMES and checked.url.host:
            return checked
    raise UnusableKeySet("only proxies of the form http://host:port are supported")


def _status_problem(response: httpx.Response) -> str:
    status = response.status_code
    if response.has_redirect_location:
        target = shown_url(response.url.join(response.headers["Location"]))
        return f"the server redirects ({status}) to {target}; set the address of the key set itself"
    return f"the server answers {status}{_HINTS.get(status, '')}"


def _import_http_client() -> None:
    """Import what the first fetch would import, because that would block the event loop.

    httpx imports its transport when a client is created, and anyio its back end when an event loop
    first needs it. A thread runs that loop, because the caller may run in a loop itself.
    """
    httpx.AsyncClient(verify=False, trust_env=False)  # noqa: S501 - it never sends a request
    thread = Thread(target=anyio.run, args=(anyio.sleep, 0))
    thread.start()
    thread.join()
