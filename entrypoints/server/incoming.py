"""Read a connection in small pieces, and only while there is room for more requests."""

import asyncio
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.flow_control import FlowControl

from entrypoints.server.limits import HEADS_MAX, READ_MAX, REQUESTS_MAX
from entrypoints.server.refusal import HEAD_TOO_LARGE
from entrypoints.server.unfinished_heads import UnfinishedHeads

if TYPE_CHECKING:
    from entrypoints.server.protocol import Protocol

# A piece ends with a head and has a minimum size: otherwise a body of line ends would be parsed
# four bytes at a time. The shortest request has 18 bytes, so up to five heads may end in a piece.
_PIECE_MIN: Final = 64
_HEADS_PER_PIECE: Final = 5
WAITING_MAX: Final = REQUESTS_MAX - 1 - _HEADS_PER_PIECE
"""Most requests that may wait behind the current one when another piece is parsed."""

_LINE_END: Final = b"\r\n"
_END_OF_HEAD: Final = _LINE_END + _LINE_END

# Shared by all connections of a process: a transport gets the buffer, reads into it and delivers
# the bytes in one step of the event loop.
_BUFFER: Final = memoryview(bytearray(READ_MAX))

heads: Final = UnfinishedHeads(HEADS_MAX)
"""The unfinished heads of this process's connections."""


class Incoming(asyncio.BufferedProtocol):
    """Receives from a connection and holds the bytes that are not parsed yet: at most one read.

    Reading resumes when all bytes are parsed. A ``BufferedProtocol`` limits the size of a read by
    its buffer; without one, uvloop reads up to 256 kB. uvicorn's protocol is an
    ``asyncio.Protocol``, for which uvloop ignores the buffer. So this class stands in front of it,
    and delegates everything else. docs/server.md, "Reading".
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: "Protocol",
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._transport = transport
        self._protocol = protocol
        self._loop = loop
        self._unparsed = b""
        self._going_on = False
        self.paused = False
        """Whether reading is paused."""
        self.dropping = False
        """Whether all further bytes are discarded."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read into."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Parse the bytes, any part of any number of requests, as far as there is room."""
        if self.dropping:
            return
        data = bytes(_BUFFER[:nbytes])
        self._unparsed = self._unparsed + data if self._unparsed else data
        if len(data) < READ_MAX:
            self._parse()
        else:
            # More bytes have probably arrived. Let other connections run first.
            self._pause()
            self.go_on()

    def go_on(self) -> None:
        """Parse the rest, then resume reading, in the next pass of the event loop.

        Not at once: uvicorn calls this while it is still ending a response.
        """
        if self.paused and not self._going_on:
            self._going_on = True
            self._loop.call_soon(self._go_on)

    def put_back(self, data: bytes) -> None:
        """Put ``data`` in front of the bytes that are not parsed yet."""
        self._unparsed = data + self._unparsed

    def drop(self) -> None:
        """Discard all bytes that are not parsed, and all that still arrive."""
        self.dropping = True
        self._unparsed = b""
        heads.release(self)

    def _go_on(self) -> None:
        self._going_on = False
        if not self._transport.is_closing():
            self._parse()

    def _parse(self) -> None:
        while self._unparsed and self._protocol.has_room():
            if self._unparsed[0] in _LINE_END and self._protocol.is_between_requests():
                # Line ends between requests mean nothing, and thousands of them are slow to parse.
                self._unparsed = self._unparsed.lstrip(_LINE_END)
                continue
            end = self._unparsed.find(_END_OF_HEAD, _PIECE_MIN - 4) + 4
            # No head ends behind _PIECE_MIN bytes, or the data ends there as well: parse it all.
            if end < _PIECE_MIN or end == len(self._unparsed):
                piece, self._unparsed = self._unparsed, b""
            else:
                piece, self._unparsed = self._unparsed[:end], self._unparsed[end:]
            self._protocol.feed(piece)
        if self._unparsed:
            self._pause()
        elif self.paused and not self._transport.is_closing():
            self.paused = False
            self._transport.resume_reading()
        self._protocol.after_parsing()
        if not self.dropping:
            heads.hold(self, self._protocol.head_size)

    def refuse_head(self) -> None:
        """Refuse the head that is not complete."""
        self._protocol.refuse(HEAD_TOO_LARGE)

    def _pause(self) -> None:
        if not self.paused and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """Report that the client sends nothing more, and let the transport close."""
        self._protocol.eof_received()

    def pause_writing(self) -> None:
        """Report that the client reads more slowly than the application writes."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Report that the client has caught up."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Discard the rest, and report that the connection is lost."""
        self.drop()
        protocol = self._protocol
        # Break the reference cycle, which would keep a body until the garbage collector runs.
        del self._protocol
        protocol.connection_lost(exc)


class Flow(FlowControl):
    """uvicorn's flow control, in which Incoming decides when the connection is read.

    uvicorn's resumes reading after every response, even if requests still wait.
    """

    def __init__(self, transport: asyncio.Transport, incoming: Incoming) -> None:
        super().__init__(transport)
        self._incoming = incoming

    def pause_reading(self) -> None:
        """Pause parsing: a request waits, or the body is large."""
        self.read_paused = True

    def resume_reading(self) -> None:
        """Resume parsing."""
        self.read_paused = False
        if self._incoming.paused:
            self._incoming.go_on()
