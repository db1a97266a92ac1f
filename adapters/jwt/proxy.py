"""Find the HTTP proxy that the environment sets for a URL."""

import os
from dataclasses import dataclass
from urllib.request import getproxies

import httpx

from adapters.jwt.shown_url import shown_url


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the environment variable that sets it."""

    setting: str
    address: str

    def __str__(self) -> str:
        return f"{self.setting}={shown_url(self.address)}"


def proxy_for(url: httpx.URL) -> Proxy | None:
    """Return the proxy for ``url``; None if it is not set or NO_PROXY excludes the host.

    httpx would create a transport for every proxy of the environment, and fail if it does not
    support one of them, even if ``url`` needs no proxy.
    """
    proxies = getproxies()
    scheme = next((scheme for scheme in (url.scheme, "all") if proxies.get(scheme)), None)
    if scheme is None or _is_excluded(url.host, proxies.get("no", "")):
        return None
    address = proxies[scheme]
    return Proxy(
        setting=_variable(f"{scheme}_proxy"),
        address=address if "://" in address else f"http://{address}",
    )


def _is_excluded(host: str, exceptions: str) -> bool:
    names = [name.strip().lower().lstrip("*.") for name in exceptions.split(",")]
    return "*" in exceptions.split(",") or any(
        name and f".{host}".endswith(f".{name}") for name in names
    )


def _variable(name: str) -> str:
    # urllib prefers lower case.
    return name if os.environ.get(name) else name.upper()
