"""Read a connection in small pieces, and only while there is room for more requests."""

import asyncio
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.flow_control import FlowControl

from entrypoints.server.limits import READ_MAX, REQUESTS_MAX

if TYPE_CHECKING:
    from entrypoints.server.protocol import Protocol

# A piece ends with a head, but has at least so many bytes: a body of line ends would be parsed
# four bytes at a time otherwise. The shortest request has 18 bytes, so five heads may end in it.
_PIECE_MIN: Final = 64
_HEADS_PER_PIECE: Final = 5
WAITING_MAX: Final = REQUESTS_MAX - 1 - _HEADS_PER_PIECE
"""Most requests that wait behind the one being answered when another piece is parsed."""

_LINE_END: Final = b"\r\n"
_END_OF_HEAD: Final = _LINE_END + _LINE_END

# Shared by all connections of a process: a transport asks for the buffer, reads, and hands the
# bytes over without a pause in between.
_BUFFER: Final = memoryview(bytearray(READ_MAX))


class Incoming(asyncio.BufferedProtocol):
    """What has been received on a connection and is not parsed yet: at most one read.

    The connection is read on when all of it is parsed. A buffer of its own is how asyncio lets a
    protocol limit a read; uvloop reads up to 256 kB otherwise. uvloop offers that only to protocols
    that are not also an ``asyncio.Protocol``, as uvicorn's is: hence a class of its own, which
    passes on everything else. docs/server.md, "Reading".
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
        """Whether the connection is not read at the moment."""
        self.dropping = False
        """Whether what is read is not parsed any more."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what was read, any part of any number of requests, as far as there is room."""
        if self.dropping:
            return
        data = bytes(_BUFFER[:nbytes])
        self._unparsed = self._unparsed + data if self._unparsed else data
        if len(data) < READ_MAX:
            self._parse()
        else:
            # More is likely to wait. Other connections come first.
            self._pause()
            self.go_on()

    def go_on(self) -> None:
        """Parse what is left, then read on, in the next pass of the event loop.

        Not at once, because uvicorn asks for it in the middle of ending a response.
        """
        if self.paused and not self._going_on:
            self._going_on = True
            self._loop.call_soon(self._go_on)

    def put_back(self, data: bytes) -> None:
        """Parse ``data`` before everything else that is left."""
        self._unparsed = data + self._unparsed

    def drop(self) -> None:
        """Parse nothing more: read, and drop what is read."""
        self.dropping = True
        self._unparsed = b""

    def _go_on(self) -> None:
        self._going_on = False
        if not self._transport.is_closing():
            self._parse()

    def _parse(self) -> None:
        while self._unparsed and self._protocol.has_room():
            if self._unparsed[0] in _LINE_END and self._protocol.is_between_requests():
                # They mean nothing here, and thousands of them would cost much to parse.
                self._unparsed = self._unparsed.lstrip(_LINE_END)
                continue
            end = self._unparsed.find(_END_OF_HEAD, _PIECE_MIN - 4) + 4
            # Mostly there is one, and it is the end of everything.
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

    def _pause(self) -> None:
        if not self.paused and not self._transport.is_closing():
            self.paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """Pass on that the client sends nothing more, and let the transport close."""
        self._protocol.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the client reads more slowly than the application writes."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client has caught up."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what is left, and pass on that the connection is lost."""
        self.drop()
        protocol = self._protocol
        # They refer to each other, and a body would stay until the garbage collector comes.
        del self._protocol
        protocol.connection_lost(exc)


class Flow(FlowControl):
    """uvicorn's flow control, which leaves it to Incoming when the connection is read.

    uvicorn's own resumes reading after every response, although requests still wait.
    """

    def __init__(self, transport: asyncio.Transport, incoming: Incoming) -> None:
        super().__init__(transport)
        self._incoming = incoming

    def pause_reading(self) -> None:
        """Parse nothing more for the time being: a request waits, or the body is large."""
        self.read_paused = True

    def resume_reading(self) -> None:
        """Parse on."""
        self.read_paused = False
        if self._incoming.paused:
            self._incoming.go_on()
