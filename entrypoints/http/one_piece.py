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

    def write(self, data: bytes) -> None:
        """Send ``data`` at the end of this pass."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Send what is held, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._held:
            self._transport.writelines(self._held)
            self._held = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
