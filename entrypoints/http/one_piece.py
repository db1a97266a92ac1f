"""How an answer leaves."""

import asyncio
from typing import Any, Final

READ_WITHIN: Final = 30
"""Seconds in which a client has to read at least a part of what waits for it."""


class OnePiece:
    """A transport that sends in one piece what is written in one pass of the event loop.

    uvicorn writes an answer's head and its body one after the other, which otherwise are two
    system calls and two packets. And it waits for ever for a client that reads nothing, be it for
    room or to close: the answer would stay in memory. Everything else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._lost = False
        self._watch: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Send ``data`` at the end of this pass."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Send what is held, and close."""
        self._send()
        self._transport.close()
        self.expect_reading()

    def expect_reading(self) -> None:
        """Hang up once the client has read nothing for READ_WITHIN seconds of what waits for it."""
        waiting = self._transport.get_write_buffer_size()
        if waiting and self._watch is None:
            self._watch = self._loop.call_later(READ_WITHIN, self._look_again, waiting)

    def stop_expecting(self) -> None:
        """The client has read enough for more to be sent, which then has a time of its own."""
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
        """Send nothing any more: nobody is there."""
        self._lost = True
        self.stop_expecting()

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._lost:
            self._transport.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
