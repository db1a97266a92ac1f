"""uvicorn's protocol, with limits for each connection. docs/server.md explains each difference."""

import asyncio
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.server import limits
from entrypoints.server.clock import Clock
from entrypoints.server.incoming import WAITING_MAX, Flow, Incoming
from entrypoints.server.refusal import (
    BODY_TOO_LONG,
    HEAD_TOO_LARGE,
    NO_PROXY,
    NOT_HTTP,
    TARGET_TOO_LONG,
    TOO_SLOW,
    Reason,
    Refusal,
)
from entrypoints.server.transport import CoalescingTransport


class Protocol(HttpToolsProtocol):
    """One connection. Override ``refusal`` to give refusals the form of an API's errors."""

    connections_open: ClassVar[int] = 0
    """How many connections of this process are open."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # uvicorn sets these when a request begins, but the first bytes may not be a request.
        self.url = b""
        self.headers = []
        self._unfinished = 0
        self._in_head = False
        self._in_body = False
        self._clock = Clock(self.loop)
        self._stopping = False

    def refusal(self, reason: Reason) -> Refusal:
        """Return the response that refuses a request. Called once for each refusal."""
        return Refusal.plain(reason)

    # asyncio's type allows for transports that only read or only write; a connection does both.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, with a time limit."""
        self._incoming = Incoming(transport, self, self.loop)
        self._outgoing = CoalescingTransport(transport, self.loop)
        transport.set_protocol(self._incoming)
        super().connection_made(self._outgoing)  # type: ignore[arg-type]  # delegates
        self.flow = Flow(transport, self._incoming)
        self._clock.start(limits.HEAD_WITHIN, self._give_up)
        Protocol.connections_open += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and end the requests that are under way."""
        Protocol.connections_open -= 1
        self._clock.stop()
        self._outgoing.lose()
        super().connection_lost(exc)

    def has_room(self) -> bool:
        """Return whether more may be parsed: the client reads responses, and few requests wait."""
        if self.flow.write_paused:
            return False
        if not self.flow.read_paused:
            return len(self.pipeline) <= WAITING_MAX
        # uvicorn has paused: a body is large, or a request waits. The body of the first waiting
        # request is parsed nevertheless: if it is invalid, the request must not be carried out.
        waits = self._in_body and len(self.pipeline) == 1
        return waits and len(self.cycle.body) <= HIGH_WATER_LIMIT

    def feed(self, piece: bytes) -> None:
        """Parse a piece, which may contain the ends and beginnings of several requests."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._incoming.put_back(piece[upgrade.args[0] :])
            self._decline_upgrade()
        except httptools.HttpParserError:
            self.refuse(self._fault() or NOT_HTTP)
        else:
            if not (self._in_head or self._in_body):
                self._unfinished = 0
                return
            self._unfinished += len(piece)
            if fault := self._fault():
                self.refuse(fault)

    @property
    def head_size(self) -> int:
        """Bytes that the unfinished head holds."""
        return self._unfinished + limits.PART_MIN * len(self.headers) if self._in_head else 0

    def is_between_requests(self) -> bool:
        """Return whether the next byte begins a request."""
        return not (self._in_head or self._in_body)

    def _fault(self) -> Reason | None:
        if self._in_body:
            read = self._unfinished + limits.PART_MIN * len(self.headers)
            return BODY_TOO_LONG if read > limits.BODY_READ_MAX else None
        if len(self.url) > limits.TARGET_MAX:
            return TARGET_TOO_LONG
        if len(self.headers) > limits.HEADERS_MAX or self._unfinished > limits.HEAD_MAX:
            return HEAD_TOO_LARGE
        return None

    def after_parsing(self) -> None:
        """Start the clock for what the client has to send next."""
        # Most requests arrive in one piece and need no clock.
        is_partial = self._in_head or self._in_body
        if not (is_partial or self._is_idle()) or self._clock.is_running or self._incoming.dropping:
            return
        if is_partial:
            within = limits.HEAD_WITHIN if self._in_head else limits.BODY_WITHIN
            self._clock.start(within, self._give_up)
        elif not self.transport.is_closing():
            # The rest of an answered request has stopped uvicorn's keep-alive timer.
            self._start_keep_alive()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        # The piece may also contain the end of the previous body.
        self._unfinished = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Count a part of a body and pass it on."""
        self._unfinished += limits.PART_MIN
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Start the application, unless the head will be parsed again without its upgrade."""
        if self._fault() is not None:
            raise ValueError  # The parser stops and raises its own error.
        self._in_head = False
        self._clock.stop()
        if not self.parser.should_upgrade():
            super().on_headers_complete()
            # Trailers go to a new list, so that they do not become headers.
            self.headers = []
            if self._stopping:
                self.cycle.keep_alive = False
        self._in_body = True

    def on_message_complete(self) -> None:
        """End a request, unless it will be parsed again."""
        self._in_body = False
        self._clock.stop()
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def pause_writing(self) -> None:
        """Start the time limit for reading: the client is slower than the application."""
        super().pause_writing()
        self._outgoing.expect_reading()

    def resume_writing(self) -> None:
        """Stop the time limit for reading, and resume parsing."""
        self._outgoing.stop_expecting()
        super().resume_writing()
        self._incoming.go_on()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, but not one whose client still reads its response."""
        if self.flow.write_paused:
            self._start_keep_alive()
        else:
            super().timeout_keep_alive_handler()

    def _start_keep_alive(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def shutdown(self) -> None:
        """Answer the requests that have arrived, then close: the server stops."""
        self._stopping = True
        if self._is_idle():
            self.loop.call_later(limits.LINGER, self._close_if_idle)
            return
        super().shutdown()
        if self._in_body:
            self._clock.start(limits.LAST_BODY_WITHIN, self._give_up)

    def _is_idle(self) -> bool:
        # None before the first request, although uvicorn's type does not say so.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()

    def _give_up(self) -> None:
        if self._incoming.paused and not self._stopping:
            # The server itself has paused reading, so the client is not late.
            within = limits.HEAD_WITHIN if self._in_head else limits.BODY_WITHIN
            self._clock.start(within, self._give_up)
        elif self._in_head and not self._is_idle():
            # A previous request is still being answered: close after its response.
            self.cycle.keep_alive = False
        elif self._in_head or (self._in_body and not self.cycle.response_started):
            self.refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _decline_upgrade(self) -> None:
        method: bytes = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse(NO_PROXY)
            return
        version = self.parser.get_http_version().encode()
        offer = {b"upgrade", b"connection"}
        head = b"".join(b"%b: %b\r\n" % each for each in self.headers if each[0] not in offer)
        self.parser = httptools.HttpRequestParser(self)
        self.feed(b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, head))

    def refuse(self, reason: Reason) -> None:
        """Refuse the request that arrives, and close the connection."""
        self._clock.stop()
        self._incoming.drop()
        # Free the head while the connection lingers: its headers, and one that is incomplete.
        super().on_message_begin()
        self.parser = httptools.HttpRequestParser(self)
        current: RequestResponseCycle | None = self.cycle
        if current and not current.response_complete:
            if current.response_started or not current.more_body:
                # A refusal would be taken for the response to this request, or for a part of it.
                # Close after that response instead.
                current.keep_alive = False
                return
            if self.pipeline and self.pipeline[0][0] is current:
                # The request waits its turn; the refusal becomes its response.
                self.pipeline[0] = (current, self.refusal(reason))
                return
            # The application must get no more of the body, and send nothing.
            current.disconnected = True
            current.message_event.set()
        if not self._in_body or (current and not current.response_complete):
            # A request whose response is complete gets no second one while its body arrives.
            self.transport.write(self.refusal(reason).encode(self.server_state.default_headers))
        self._outgoing.close_after(limits.LINGER)
