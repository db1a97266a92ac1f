"""Sending bytes as they are, and what comes back."""

import json
import re
import socket
import time
from dataclasses import dataclass
from typing import Any

from tests.process.service import Service

_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z '-]+")
_HEADER = re.compile(rb"([a-z0-9-]+): ([\t\x20-\x7e]*)")
_PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """One response, which was well-formed to the byte."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(service: Service, sent: bytes, *, patience: float = _PATIENCE_SECONDS) -> bytes:
    """All that comes back for these bytes until the service ends the connection.

    Raises TimeoutError when it keeps the connection open for longer than ``patience`` seconds.
    """
    received = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=patience) as connection:
        try:
            connection.sendall(sent)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused before it was read to its end
    return received


def answers(received: bytes, *, methods: list[str]) -> list[Answer]:
    """The responses in ``received``: one for each of these methods, or fewer, and nothing else."""
    found = []
    rest = received
    for method in methods:
        if not rest:
            break
        answer, rest = _answer(rest, method)
        found.append(answer)
    assert rest == b"", rest
    return found


def _answer(received: bytes, method: str) -> tuple[Answer, bytes]:
    while received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, end, rest = received.partition(b"\r\n\r\n")
    assert end, received
    first, *lines = head.split(b"\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    assert status_line, first
    status = int(status_line[1])
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        assert header, line
        name = header[1].decode()
        # Only these may come more than once, and here none does.
        assert name not in headers, head
        headers[name] = header[2].decode()
    length = 0 if method == "HEAD" or status in {204, 304} else int(headers["content-length"])
    assert len(rest) >= length, received
    return Answer(status, headers, rest[:length]), rest[length:]


class Log:
    """What a service has written to its log from now on."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen = len(service.log)

    def new(self, *, until: str = "") -> str:
        """The new lines, once ``until`` is among them. A request's line comes after its answer."""
        deadline = time.monotonic() + 5
        while until not in (new := self._service.log[self._seen :]) or new[-1:] not in {"", "\n"}:
            assert time.monotonic() < deadline, f"{until!r} is not in: {new}"
            time.sleep(0.005)
        return new
