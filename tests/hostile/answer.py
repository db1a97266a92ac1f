"""Send bytes unchanged and parse the responses."""

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
    """One response, checked to be well-formed."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(service: Service, sent: bytes, *, patience: float = _PATIENCE_SECONDS) -> bytes:
    """Send these bytes and return all that is received until the service closes the connection.

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
    """Return the responses in ``received``: at most one for each method, and nothing else."""
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
        # Only these headers may be repeated, and none is here.
        assert name not in headers, head
        headers[name] = header[2].decode()
    length = 0 if method == "HEAD" or status in {204, 304} else int(headers["content-length"])
    assert len(rest) >= length, received
    return Answer(status, headers, rest[:length]), rest[length:]


class Log:
    """The lines that a service logs from now on."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen = len(service.log)

    def new(self, *, until: str = "") -> str:
        """Return the new lines with ``until`` in them. A request is logged after its response."""
        deadline = time.monotonic() + 5
        while until not in (new := self._service.log[self._seen :]) or new[-1:] not in {"", "\n"}:
            assert time.monotonic() < deadline, f"{until!r} is not in: {new}"
            time.sleep(0.005)
        return new
