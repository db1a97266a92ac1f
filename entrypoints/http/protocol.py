"""What happens to bytes before any application sees them, and how a connection ends."""

import logging
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.http import response_headers
from entrypoints.http.errors import error_response
from entrypoints.http.request_log import new_request_id

HEAD_MAX: Final = 64 * 1024
"""Longest request head, in bytes; one that arrives in a single piece may be longer."""

LINGER: Final = 0.5
"""Seconds that a stopping server listens on to a client that has nothing to wait for.

Its next request may be on its way, or here and not read yet.
"""

logger = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a few differences.

    Its own errors have the shape of every other, and never take another answer's place. A head
    that does not end is refused. Trailers are dropped, where uvicorn's would take them for
    headers. A request that offers an upgrade is served as it is: uvicorn's would take its body for
    the next request, as soon as a client talks about HTTP/2 (curl and Java do so by default or on
    request). When the server stops, a connection is not closed under a request that it already
    holds: uvicorn's resets nearly every busy client.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unfinished_head = 0
        self._in_head = False
        self._stopping = False

    def data_received(self, data: bytes) -> None:
        """Parse what has come, which may be any part of any number of requests."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is not an HTTP request")
        else:
            self._unfinished_head = self._unfinished_head + len(data) if self._in_head else 0
            if self._unfinished_head > HEAD_MAX:
                status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
                self._refuse(status, "The request's headers are too large")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop what comes behind the body, which must not pass for one."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start answering, unless the head is going to be parsed again without its upgrade."""
        self._in_head = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            if self._stopping:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request has ended, likewise."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def shutdown(self) -> None:
        """The server stops: answer what has come, say that it was the last, and close."""
        self._stopping = True
        if self._is_idle():
            self.loop.call_later(LINGER, self._close_if_idle)
            return
        super().shutdown()

    def _is_idle(self) -> bool:
        # uvicorn's type does not say that there is none before the first request.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _decline_upgrade(self, rest: bytes) -> None:
        kept = [
            (name, value) for name, value in self.headers if name not in {b"upgrade", b"connection"}
        ]
        method: bytes = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(HTTPStatus.BAD_REQUEST, "This is not a proxy")
            return
        version = self.parser.get_http_version().encode()
        head = b"".join(b"%b: %b\r\n" % header for header in kept)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, head) + rest)

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        unanswered: RequestResponseCycle | None = self.cycle
        if unanswered and not (unanswered.more_body or unanswered.response_complete):
            # Sent now, it would pass for the answer to the request before, which may be carried
            # out: that one's own answer ends the connection instead.
            unanswered.keep_alive = False
            return
        request_id = new_request_id()
        logger.info(
            "%s: %s",
            int(status),
            detail,
            extra={"status": int(status), "request_id": request_id, "error": detail},
        )
        headers = {"connection": "close", "x-request-id": request_id}
        response = error_response(status, detail, headers=headers)
        head = [f"HTTP/1.1 {int(status)} {status.phrase}".encode()]
        head += [
            name + b": " + value
            for name, value in [
                *self.server_state.default_headers,
                *response.raw_headers,
                *response_headers.OTHERS,
            ]
        ]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()
