"""What happens to bytes before any application sees them, and how a connection ends."""

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.http import response_headers
from entrypoints.http.errors import error_response
from entrypoints.http.one_piece import OnePiece
from entrypoints.http.request_log import new_request_id

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_MAX: Final = 64 * 1024
"""Longest request head, in bytes; one that arrives in a single piece may be longer."""

HEAD_WITHIN: Final = 10
"""Seconds that a client has for a request's head, the first one's counting from the connection."""

BODY_WITHIN: Final = 30
"""Seconds that a client has for a request's body."""

LAST_BODY_WITHIN: Final = 5
"""Seconds that a stopping server waits for the rest of a body."""

LINGER: Final = 0.5
"""Seconds that a stopping server listens on to a client that has nothing to wait for.

Its next request may be on its way, or here and not read yet.
"""

logger = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with a few differences.

    Its own errors have the shape of every other, and never take another answer's place. A head
    that does not end is refused, and so is a request that takes too long to arrive; who reads
    nothing is hung up on. Trailers are dropped, where uvicorn's would take them for headers. A
    request that offers an upgrade is served as it is: uvicorn's would take its body for the next
    request, as soon as a client talks about HTTP/2 (curl and Java do so by default or on request).
    When the server stops, a connection is not closed under a request that it already holds:
    uvicorn's resets nearly every busy client.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._unfinished_head = 0
        self._in_head = False
        self._in_body = False
        self._clock: asyncio.TimerHandle | None = None
        self._stopping = False

    # asyncio's type allows for transports that only read or only write; a connection does both.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and is expected to say something."""
        super().connection_made(transport)
        self._one_piece = OnePiece(transport, self.loop)
        self.transport = cast("asyncio.Transport", self._one_piece)
        self._start_clock(HEAD_WITHIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone."""
        self._stop_clock()
        self._one_piece.lose()
        super().connection_lost(exc)

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
        if self._clock is not None:
            return
        # Most requests arrive in one piece, and never start a clock.
        if self._in_head or self._in_body:
            self._start_clock(HEAD_WITHIN if self._in_head else BODY_WITHIN)
        elif self._is_idle() and not self.transport.is_closing():
            # What came was the end of a request that was answered before, or none at all. uvicorn
            # stops its own clock for that, and would wait for ever.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

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
        self._in_body = True
        self._stop_clock()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            if self._stopping:
                self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """A request has ended, likewise."""
        self._in_body = False
        self._stop_clock()
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not keep up with what it is sent."""
        super().pause_writing()
        self._one_piece.expect_reading()

    def resume_writing(self) -> None:
        """The client keeps up again."""
        self._one_piece.stop_expecting()
        super().resume_writing()

    def shutdown(self) -> None:
        """The server stops: answer what has come, say that it was the last, and close."""
        self._stopping = True
        if self._is_idle():
            self.loop.call_later(LINGER, self._close_if_idle)
            return
        super().shutdown()
        if self._in_body:
            self._start_clock(LAST_BODY_WITHIN)

    def _is_idle(self) -> bool:
        # uvicorn's type does not say that there is none before the first request.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _start_clock(self, seconds: float) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _give_up(self) -> None:
        if (self._in_head and self._is_idle()) or (
            self._in_body and not self.cycle.response_started
        ):
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive")
        elif self._in_head:
            # Of a further request: the ones before it are being answered.
            self.cycle.keep_alive = False
        else:
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
        response.raw_headers += response_headers.OTHERS
        if self.pipeline and self.pipeline[0][0] is unanswered:
            # It waits for the answers to those before it, behind which its own has its place.
            self.pipeline[0] = (unanswered, cast("ASGI3Application", response))
            return
        head = [f"HTTP/1.1 {int(status)} {status.phrase}".encode()]
        head += [
            name + b": " + value
            for name, value in [*self.server_state.default_headers, *response.raw_headers]
        ]
        self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
        self.transport.close()
