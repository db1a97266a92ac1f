"""TCP proxy in front of PostgreSQL that simulates faults of a network."""

import asyncio
import re
import socket
import struct
from contextlib import suppress
from enum import Enum
from threading import Event, Thread
from typing import Final, Self

_RESET: Final = struct.pack("ii", 1, 0)


class Cut(Enum):
    """The fault of a connection at a certain statement or its result."""

    STATEMENT_VANISHES = "the statement is lost, without a reset"
    STATEMENT_RESET = "a reset instead of passing the statement"
    ANSWER_VANISHES = "silence in the middle of the answer"
    ANSWER_RESET = "a reset in the middle of the answer"


class Proxy:
    """Forwards connections to a port of this machine, with the configured faults.

    The settings are attributes and may be changed at any time:

    ``delay``: seconds that a new connection waits before it is passed on.
    ``blackhole``: nothing passes in either direction, silently.
    ``cuts``: what happens, once, when a prepared statement that begins so is run. The proxy removes
    entry when it has applied the fault.
    """

    def __init__(self, target: int) -> None:
        """Pass connections on to the port ``target``."""
        self._target = target
        self.port = 0
        self.delay = 0.0
        self.blackhole = False
        self.cuts: list[tuple[bytes, Cut]] = []
        self.connections = 0
        """Number of connections accepted so far."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        """Listen on ``port`` in a separate thread, so that a test does not slow it down."""
        listening = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._listen(listening)))
        self._thread.start()
        listening.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def reset_all(self) -> int:
        """Reset every connection, like a firewall that lost its state; return their number."""
        writers = list(self._writers)
        for writer in writers:
            self._loop.call_soon_threadsafe(_reset, writer)
        return len(writers)

    async def _listen(self, listening: Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        listening.set()
        await self._end.wait()
        server.close()
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        flow = asyncio.current_task()
        assert flow is not None
        self._flows.add(flow)
        self._writers.add(writer)
        upstream = None
        try:
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
                if connection.cut in {Cut.STATEMENT_RESET, Cut.ANSWER_RESET}:
                    _reset(writer)
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
                if up and connection.cut is None:
                    connection.cut = self._take_cut(connection.statements_run(data))
                match connection.cut, up:
                    case (Cut.STATEMENT_VANISHES, True):
                        connection.silent = True
                        continue
                    case (Cut.STATEMENT_RESET, True):
                        return
                    case (Cut.ANSWER_VANISHES, False):
                        data = data[: len(data) // 2]
                        connection.silent = True
                    case (Cut.ANSWER_RESET, False):
                        writer.write(data[: len(data) // 2])
                        return
                    case _:
                        pass
                writer.write(data)
                await writer.drain()
            # A black hole does not forward the end of a connection either.
            await self._pass(connection)

    def _take_cut(self, statements: list[bytes]) -> Cut | None:
        for pair in self.cuts:
            if any(statement.startswith(pair[0]) for statement in statements):
                self.cuts.remove(pair)
                return pair[1]
        return None

    async def _pass(self, connection: "_Connection") -> None:
        while self.blackhole or connection.silent:  # noqa: ASYNC110 - two attributes, set from outside
            await asyncio.sleep(0.02)


# Messages of PostgreSQL's protocol: Parse with a name and a statement, Bind with the name.
_PREPARES: Final = re.compile(rb"P.{4}([^\0]+)\0([^\0]+)\0", re.DOTALL)
_RUNS: Final = re.compile(rb"B.{4}\0([^\0]+)\0", re.DOTALL)


class _Connection:
    cut: Cut | None = None
    silent = False

    def __init__(self) -> None:
        self._prepared: dict[bytes, bytes] = {}

    def statements_run(self, data: bytes) -> list[bytes]:
        self._prepared.update(_PREPARES.findall(data))
        return [self._prepared.get(name, b"") for name in _RUNS.findall(data)]


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
