"""Clients that record responses and failures instead of raising errors."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ORIGIN: Final = "http://localhost:3000"
"""The Origin header of the clients, as of a browser: responses must have CORS headers."""

PATIENCE: Final = 30.0
"""Seconds after which a client gives up: far more than promised, to record late responses."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its result."""

    method: str
    path: str
    content: Any
    """What was sent as JSON."""
    started: float
    """By ``time.monotonic()``, which all processes of a machine share."""
    seconds: float
    status: int | None = None
    """None without a complete response."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    error: str = ""
    """Why there is no complete response: name and text of the exception."""

    @property
    def ended(self) -> float:
        """The time of its end."""
        return self.started + self.seconds

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Client:
    """HTTP/1.1 client that keeps its connection and opens another if it is closed.

    A hundred clients of httpx would use more processor time than the service.
    """

    def __init__(self, port: int, token: str = "", *, patience: float = PATIENCE) -> None:
        self._port = port
        self._patience = patience
        self._headers = {"Host": f"127.0.0.1:{port}", "Origin": ORIGIN}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(
        self,
        method: str,
        path: str,
        content: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send one request once and return its result, with or without a response."""
        given = self._headers | dict(headers or {})
        body = b""
        if content is not None:
            body = json.dumps(content).encode()
            given |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        sent = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                status, answer_headers, answer = await self._exchange(method, sent)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            seconds = time.monotonic() - started
            self.close()
            reason = f"{type(error).__name__}: {error}"
            return Exchange(method, path, content, started, seconds, error=reason)
        seconds = time.monotonic() - started
        if answer_headers.get("connection") == "close":
            self.close()
        return Exchange(method, path, content, started, seconds, status, answer_headers, answer)

    async def _exchange(self, method: str, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # Closed between two requests, which is not a fault.
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        empty = method == "HEAD" or status in {204, 304}
        length = 0 if empty else int(headers["content-length"])
        return status, headers, await reader.readexactly(length)

    def close(self) -> None:
        """Close the connection, if any."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
