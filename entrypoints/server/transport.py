"""Join writes; abort clients that stop reading."""

import asyncio
from typing import Any, Final

from entrypoints.server.limits import READ_WITHIN

JOIN_MAX: Final = 16 * 1024
"""Longest piece, in bytes, that is copied in order to be sent together with others."""


class CoalescingTransport:
    """A transport that joins the small pieces written in one pass of the event loop.

    uvicorn writes the head and the body of a response separately: two system calls and two packets.
    It also waits without limit for a client that reads nothing, which keeps the response in memory.
    Everything else is delegated to the transport. docs/server.md, "Writing".
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        # Called for every response: `__getattr__` would cost as much as a system call.
        self.is_closing = transport.is_closing
        self._held: list[bytes] = []
        self._lost = False
        self._watch: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send a small piece at the end of this pass, and a large one at once."""
        if len(data) > JOIN_MAX:
            self._send()
            if not self._lost:
                self._transport.write(data)
            return
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Send the held pieces, and close."""
        self._send()
        self._transport.close()
        self.expect_reading()

    def close_after(self, seconds: float) -> None:
        """Send the held pieces and an end of file, and close ``seconds`` later.

        Closing a socket with unread bytes resets the connection, and the client may lose the
        response. So the protocol keeps reading until then.
        """
        self._send()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._loop.call_later(seconds, self.close)

    def expect_reading(self) -> None:
        """Abort if the client reads none of the bytes waiting for it within READ_WITHIN seconds."""
        waiting = self._transport.get_write_buffer_size()
        if waiting and self._watch is None:
            self._watch = self._loop.call_later(READ_WITHIN, self._look_again, waiting)

    def stop_expecting(self) -> None:
        """Stop the time limit: the client has read enough for more to be sent."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _look_again(self, waited: int) -> None:
        self._watch = None
        if self._transport.get_write_buffer_size() < waited:
            self.expect_reading()
        else:
            self._transport.abort()

    def lose(self) -> None:
        """Discard the held pieces and all further writes: the connection is lost."""
        self._lost = True
        self.stop_expecting()

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._lost:
            self._transport.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
