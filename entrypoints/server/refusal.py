"""Responses to requests that are refused before the application is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from entrypoints.server.limits import BODY_READ_MAX, TARGET_MAX

Headers = Sequence[tuple[bytes, bytes]]


class Reason(NamedTuple):
    """Why a request is refused. The detail is for the client."""

    status: HTTPStatus
    detail: str


NOT_HTTP: Final = Reason(HTTPStatus.BAD_REQUEST, "This is not an HTTP request")
NO_PROXY: Final = Reason(HTTPStatus.BAD_REQUEST, "This is not a proxy")
TOO_SLOW: Final = Reason(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive")
TARGET_TOO_LONG: Final = Reason(
    HTTPStatus.REQUEST_URI_TOO_LONG, f"The request's target must have at most {TARGET_MAX} bytes"
)
BODY_TOO_LONG: Final = Reason(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body must have at most {BODY_READ_MAX} bytes"
)
HEAD_TOO_LARGE: Final = Reason(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The request's headers are too large"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole response, as bytes for a connection or as an ASGI application."""

    status: HTTPStatus
    headers: Headers
    """All headers, including Content-Length; Connection: close is added."""
    body: bytes

    @classmethod
    def plain(cls, reason: Reason) -> "Refusal":
        """Return a refusal whose body is the reason's text."""
        body = reason.detail.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        return cls(reason.status, headers, body)

    def encode(self, default_headers: Headers) -> bytes:
        """Return the bytes of the response, with the server's own headers first."""
        lines = [f"HTTP/1.1 {int(self.status)} {self.status.phrase}".encode()]
        lines += [
            name + b": " + value for name, value in [*default_headers, *self._final_headers()]
        ]
        return b"\r\n".join([*lines, b"", self.body])

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Send this response, as an ASGI application."""
        headers = self._final_headers()
        await send({"type": "http.response.start", "status": int(self.status), "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def _final_headers(self) -> list[tuple[bytes, bytes]]:
        return [*self.headers, (b"connection", b"close")]
