"""Browser origins: normalize them, and match them against a list."""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import AnyUrl

_EXAMPLE: Final = "https://app.example.com"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NEVER_SENT: Final = frozenset(("file", "ftp", "ws", "wss"))
"""Schemes that no page has, or whose pages have the origin `null`."""

NO_ORIGIN: Final = "null"
"""What browsers send for a page without an origin."""
NULL_PAGES: Final = "a local file or a sandboxed frame, which has no origin"

_PARTS: Final = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]+)(/?)(.*)", re.IGNORECASE)
_WITH_STAR: Final = re.compile(r"[a-z0-9-]*\*[a-z0-9-]*")
_STAR: Final = "[a-z0-9-]+"
_LABELS_AFTER_STAR: Final = 2
"""With fewer labels, a `*` would match domains that anyone can register."""


_OTHER_SEPARATORS: Final = re.compile(r"^\[|[\s;|]")


def split_origins(text: str) -> tuple[str, ...]:
    """Return the comma-separated origins of ``text``, each as browsers write it.

    Raises ValueError as ``as_browsers_write`` does. The message names the place of the wrong origin
    and not its text, which may be a secret that was pasted into the wrong setting.
    """
    origins = [part for origin in text.split(",") if (part := origin.strip())]
    written = []
    for number, origin in enumerate(origins, 1):
        try:
            written.append(_only_origin(origin))
        except ValueError as error:
            place = f"(origin {number} of {len(origins)}) " if len(origins) > 1 else ""
            raise ValueError(f"{place}{error}") from None
    return tuple(written)


def _only_origin(text: str) -> str:
    if _OTHER_SEPARATORS.search(text):
        raise ValueError(f"needs commas between origins: {_EXAMPLE},https://b.example")
    return as_browsers_write(text)


def as_browsers_write(text: str) -> str:
    """Return the origin ``text`` in lower case, with an ASCII host and without a default port.

    Raises ValueError if no browser can send it; the message is a predicate that completes a
    sentence. A `*` may stand for a part of the host's first label.
    """
    if text == "*":
        raise ValueError(f"has a * for every origin: name each, such as {_EXAMPLE}")
    if text == NO_ORIGIN:
        raise ValueError(f"is sent for {NULL_PAGES}: serve the page over HTTP and name its origin")
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError(f"has no scheme and host, as {_EXAMPLE} has")
    scheme, authority, _, path = found.groups()
    scheme = scheme.lower()
    if scheme in _NEVER_SENT:
        raise ValueError(f"has the scheme {scheme}, which no origin has: write {_EXAMPLE}")
    _, user, address = authority.rpartition("@")
    written = _with_star(scheme, address) if "*" in address else _plain(scheme, address)
    if user or path:
        raise ValueError(f"has more than a scheme, a host and a port: write {written}")
    return written


def _plain(scheme: str, address: str) -> str:
    try:
        url = AnyUrl(f"{scheme}://{address}")
    except ValueError:
        raise ValueError(f"is no origin, as {_EXAMPLE} is") from None
    port = "" if url.port in {None, _DEFAULT_PORTS.get(scheme)} else f":{url.port}"
    return f"{scheme}://{(url.host or '').lower()}{port}"


def _with_star(scheme: str, address: str) -> str:
    first, _, rest = address.partition(".")
    first = first.lower()
    is_part = _WITH_STAR.fullmatch(first) is not None and first != "*"
    host = rest.partition(":")[0].removesuffix(".")
    if not is_part or "*" in rest or host.count(".") + 1 < _LABELS_AFTER_STAR:
        raise ValueError(
            "has a * that is not a part of the first label of a host: "
            "write for example https://app-*.example.com"
        )
    # A URL cannot contain a `*`, so replace the first label meanwhile.
    return _plain(scheme, f"x.{rest}").replace("://x.", f"://{first}.", 1)


class AllowedOrigins:
    """A set of origins, each in the form that ``as_browsers_write`` returns."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._exact = frozenset(origin for origin in origins if "*" not in origin)
        patterns = [re.escape(origin).replace(r"\*", _STAR) for origin in origins if "*" in origin]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __contains__(self, origin: str) -> bool:
        if origin in self._exact:
            return True
        return self._pattern is not None and self._pattern.fullmatch(origin) is not None
