"""A TCP proxy in front of PostgreSQL, and what networks do."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Final, Self

_RESET: Final = struct.pack("ii", 1, 0)


class Cut(Enum):
    """What happens to a connection when the server's answer to a statement comes by."""

    BLACKHOLE = "goes silent"
    RESET = "is reset"


class Proxy:
    """Passes connections on to a port of this machine, as well as it is told to.

    The settings are attributes and may be changed at any time:

    ``delay``: seconds that a new connection waits before it is passed on.
    ``refusing``: new connections are reset at once.
    ``blackhole``: nothing passes in either direction, and nobody is told.
    ``cut``: what to do once, to the next connection on which the server sends something after the
    client has sent ``cut_after``; half of what the server sends then still passes. None when done.
    """

    def __init__(self, target: int) -> None:
        """Pass connections on to the port ``target``."""
        self._target = target
        self.port = 0
        self.delay = 0.0
        self.refusing = False
        self.blackhole = False
        self.cut: Cut | None = None
        self.cut_after = b""
        self.connections = 0
        """How many were ever accepted."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def to(cls, target: int) -> AsyncIterator[Self]:
        """A proxy to the port ``target``, listening on ``port``, until the end of the block."""
        proxy = cls(target)
        proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy._server.close()
            for flow in proxy._flows:
                flow.cancel()
            await asyncio.gather(*proxy._flows, return_exceptions=True)

    def reset_all(self) -> None:
        """Reset every connection, as a firewall does that has forgotten them."""
        for writer in list(self._writers):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        flow = asyncio.current_task()
        assert flow is not None
        self._flows.add(flow)
        self._writers.add(writer)
        upstream = None
        try:
            if self.refusing:
                _reset(writer)
                return
            if self.delay:
                await asyncio.sleep(self.delay)
            from_server, upstream = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(upstream)
            connection = _Connection()
            there = asyncio.create_task(self._pass_on(connection, reader, upstream, up=True))
            back = asyncio.create_task(self._pass_on(connection, from_server, writer, up=False))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            _reset(writer)
        finally:
            self._flows.discard(flow)
            for each in (writer, upstream):
                if each is not None:
                    self._writers.discard(each)
                    each.close()

    async def _pass_on(
        self,
        connection: "_Connection",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        up: bool,
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._pass(connection)
                if up and self.cut is not None and self.cut_after in data:
                    connection.doomed = True
                if not up and connection.doomed and self.cut is not None:
                    cut, self.cut = self.cut, None
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    connection.silent = cut is Cut.BLACKHOLE
                    if cut is Cut.RESET:
                        _reset(writer)
                        return
                    continue
                writer.write(data)
                await writer.drain()
            # The end of a connection does not pass a black hole either.
            await self._pass(connection)

    async def _pass(self, connection: "_Connection") -> None:
        while self.blackhole or connection.silent:  # noqa: ASYNC110 - two attributes, set by anybody
            await asyncio.sleep(0.02)


class _Connection:
    doomed = False
    silent = False


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
