"""Explain why a key set could not be fetched."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from adapters.jwt.json_web_keys import UnusableKeySet
from domain.text import quoted

# The first match is used: some types are subclasses of later ones.
_SENTENCES: Final[dict[type[BaseException] | tuple[type[BaseException], ...], str]] = {
    UnusableKeySet: "{error}",
    httpx.ProxyError: "the proxy answers {quoted}",
    httpx.InvalidURL: "the server redirects to an address that is no URL",
    (httpx.TimeoutException, TimeoutError): "the server does not answer in time",
    ssl.SSLCertVerificationError: (
        "its certificate is not trusted ({error.verify_message}); if a proxy inspects TLS, or "
        "the authority is your own, set SSL_CERT_FILE to the authority's certificate"
    ),
    ssl.SSLError: (
        "the TLS handshake fails ({reason}); if the server has no TLS, write http:// in the URL"
    ),
    socket.gaierror: "its name cannot be resolved ({error.strerror})",
    ConnectionRefusedError: "the connection is refused: nothing listens there",
    httpx.RemoteProtocolError: (
        "the response is not HTTP or is cut off; if it is TLS, write https:// in the URL"
    ),
}


def reason_of(error: Exception) -> str:
    """Return why a fetch failed with ``error``. Unforeseen errors are named by their type.

    Text that the server sent is escaped and shortened.
    """
    for cause in _causes(error):
        for kind, sentence in _SENTENCES.items():
            if isinstance(cause, kind):
                # Of the errors of TLS, only those from OpenSSL have a reason.
                reason = getattr(cause, "reason", None)
                return sentence.format(error=cause, quoted=quoted(str(cause)), reason=reason)
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
