"""A load driver that costs little: it sends prebuilt bytes and parses little.

Each connection has one request under way and sends the next when its response is complete.
"""

import gc
import select
import socket
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Final

_END_OF_HEAD: Final = b"\r\n\r\n"
_LAST_CHUNK: Final = b"0\r\n\r\n"
_LENGTH: Final = b"content-length:"
_WITHOUT_BODY: Final = (b"204", b"304")
_RECEIVE: Final = 1 << 18
_PATIENCE_SECONDS: Final = 30


class ServerGone(Exception):
    """A connection was closed, or a response did not arrive."""


@dataclass(frozen=True)
class Load:
    """The result of one period of load."""

    seconds: float
    latencies: Sequence[float]
    """Seconds, sorted."""
    statuses: Counter[int]
    received_bytes: int

    @property
    def requests(self) -> int:
        """Number of requests with a response."""
        return len(self.latencies)


class Connection:
    """One connection and the requests that it sends one after another."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self.sent_at = 0.0
        self.status = 0
        self.received = 0
        self._head = b""
        self._missing = 0
        """Bytes of the body that have not arrived; -1 if the length is unknown."""

    def send_next(self) -> bool:
        """Send the next request. Return whether there was one."""
        request = next(self._requests, None)
        if request is None:
            return False
        self._head = b""
        self.sent_at = perf_counter()
        self.socket.sendall(request)
        return True

    def receive(self) -> bool:
        """Read available bytes. Return whether the response is complete."""
        data = self.socket.recv(_RECEIVE)
        if not data:
            raise ServerGone("the server closed a connection")
        self.received += len(data)
        if self._head.endswith(_END_OF_HEAD):
            return self._take_body(data)
        data = self._head + data
        end = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if end < len(_END_OF_HEAD):
            self._head = data
            return False
        self._head, body = data[:end], data[end:]
        self.status = int(data[9:12])
        if data[9:12] in _WITHOUT_BODY:
            return True
        self._missing = _body_length(self._head)
        return self._take_body(body)

    def _take_body(self, data: bytes) -> bool:
        if self._missing < 0:
            return data.endswith(_LAST_CHUNK)
        self._missing -= len(data)
        return self._missing == 0


def _body_length(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(_LENGTH)
    if start < 0:
        return -1
    start += len(_LENGTH)
    return int(lower[start : lower.index(b"\r\n", start)])


class Client:
    """Connections to one server, one for each stream of requests."""

    def __init__(self, port: int, streams: Sequence[Iterator[bytes]]) -> None:
        self._closing = ExitStack()
        self._connections: dict[int, Connection] = {}
        self._poll = self._closing.enter_context(select.epoll())
        for requests in streams:
            connection = Connection(port, requests)
            self._closing.enter_context(connection.socket)
            self._connections[connection.socket.fileno()] = connection
            self._poll.register(connection.socket, select.EPOLLIN)

    def close(self) -> None:
        """Close every connection."""
        self._closing.close()

    def load(self, seconds: float) -> Load:
        """Send requests on every connection for this long, then wait for the last responses.

        Ends earlier if every stream ends. Raises ServerGone.
        """
        latencies = array("d")
        statuses: Counter[int] = Counter()
        connections, poll = self._connections, self._poll.poll
        received = sum(connection.received for connection in connections.values())
        # The driver creates no cycles; the collector's pauses would count as the server's latency.
        gc.disable()
        try:
            start = perf_counter()
            end = start + seconds
            under_way = sum(connection.send_next() for connection in connections.values())
            while under_way:
                ready = poll(_PATIENCE_SECONDS)
                if not ready:
                    raise ServerGone(f"no response within {_PATIENCE_SECONDS} s")
                for number, _ in ready:
                    connection = connections[number]
                    if not connection.receive():
                        continue
                    now = perf_counter()
                    latencies.append(now - connection.sent_at)
                    statuses[connection.status] += 1
                    if now >= end or not connection.send_next():
                        under_way -= 1
            elapsed = perf_counter() - start
        finally:
            gc.enable()
        received = sum(connection.received for connection in connections.values()) - received
        return Load(elapsed, sorted(latencies), statuses, received)
