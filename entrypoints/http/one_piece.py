"""How an answer leaves."""

import asyncio
from typing import Any


class OnePiece:
    """A transport that sends in one piece what is written in one pass of the event loop.

    uvicorn writes an answer's head and its body one after the other, which otherwise are two
    system calls and two packets. Everything else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._lost = False

    def write(self, data: bytes) -> None:
        """Send ``data`` at the end of this pass."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Send what is held, and close."""
        self._send()
        self._transport.close()

    def lose(self) -> None:
        """Send nothing any more: nobody is there."""
        self._lost = True

    def _send(self) -> None:
        held, self._held = self._held, []
        if held and not self._lost:
            self._transport.writelines(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
