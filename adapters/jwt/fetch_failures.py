"""Explain why a key set could not be fetched."""

import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

from adapters.jwt.json_web_keys import UnusableKeySet
from domain.text import quoted

# The first match is used: some types are subclasses of later ones.
_SENTENCES: Final[tuple[tuple[type[BaseException], Callable[[Any], str]], ...]] = (
    (UnusableKeySet, str),
    (httpx.ProxyError, lambda error: f"the proxy answers {quoted(str(error))}"),
    (httpx.InvalidURL, lambda _: "the server redirects to an address that is no URL"),
    (httpx.TimeoutException, lambda _: "the server does not answer in time"),
    (TimeoutError, lambda _: "the server does not answer in time"),
    (
        ssl.SSLCertVerificationError,
        lambda error: (
            f"its certificate is not trusted ({error.verify_message}); if a proxy inspects TLS, or "
            "the authority is your own, set SSL_CERT_FILE to the authority's certificate"
        ),
    ),
    (
        ssl.SSLError,
        lambda error: (
            # Only errors from OpenSSL have the attribute.
            f"the TLS handshake fails ({getattr(error, 'reason', None)}); if the server has no "
            "TLS, write http:// in the URL"
        ),
    ),
    (socket.gaierror, lambda error: f"its name cannot be resolved ({error.strerror})"),
    (ConnectionRefusedError, lambda _: "the connection is refused: nothing listens there"),
    (
        httpx.RemoteProtocolError,
        lambda _: "the response is not HTTP or is cut off; if it is TLS, write https:// in the URL",
    ),
)


def reason_of(error: Exception) -> str:
    """Return why a fetch failed with ``error``. Unforeseen errors are named by their type.

    Text that the server sent is escaped and shortened.
    """
    for cause in _causes(error):
        for kind, sentence in _SENTENCES:
            if isinstance(cause, kind):
                return sentence(cause)
        if isinstance(cause, OSError) and cause.strerror:
            return f"the server cannot be reached ({cause.strerror})"
    return f"an unforeseen error, {type(error).__name__}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = set()
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.add(cause)
        # A host with several addresses causes an error for each.
        group = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = group or cause.__cause__ or cause.__context__
