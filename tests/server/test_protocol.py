"""The protocol of one connection, with an application whose responses the test controls."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from entrypoints.api_protocol import ApiProtocol
from entrypoints.server import limits, transport
from entrypoints.server.graceful_server import GracefulServer
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.process

KEEP_ALIVE = 1
LARGE = b"x" * 20_000_000
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /%b HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n"


class App:
    """Responds according to the path: ``large`` is long, ``wait`` waits for ``go``."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.answered: list[str] = []

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        name = scope["path"][1:]
        if name == "wait":
            await self.go.wait()
        body = {"large": LARGE, "larger": 2 * LARGE}.get(name, b"answer")
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})
        self.answered.append(name)


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    port = free_port()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=ApiProtocol,
        ws="none",
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        log_config=None,
    )
    server = GracefulServer(config)
    running = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    try:
        yield server, port
    finally:
        server.should_exit = True
        await running


async def exchange(port: int, *pieces: bytes, between: float = 0.1) -> tuple[bytes, float]:
    """The bytes until the server closes, and the time from the last piece to the close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(between)
    sent = time.monotonic()
    try:
        received = await asyncio.wait_for(reader.read(), 5 * KEEP_ALIVE)
    finally:
        writer.close()
    return received, time.monotonic() - sent


LATE = {
    "the body of what was answered": (POST % (b"", b"Content-Length: 2"), b"{}"),
    "an empty line": (GET, b"\r\n"),
}


@pytest.mark.parametrize("pieces", LATE.values(), ids=LATE)
async def test_bytes_after_a_response_do_not_keep_the_connection_open(
    pieces: tuple[bytes, ...],
) -> None:
    async with serving(App()) as (_, port):
        received, seconds = await exchange(port, *pieces)

    assert received.count(b"HTTP/1.1 200") == 1
    assert seconds < 3 * KEEP_ALIVE


async def test_an_invalid_pipelined_request_is_refused_after_the_response_before_it() -> None:
    app = App()
    async with serving(app) as (_, port):
        asyncio.get_running_loop().call_later(0.3, app.go.set)
        broken = POST % (b"broken", b"Transfer-Encoding: chunked") + b"ZZZ\r\n"

        received, _ = await exchange(port, POST % (b"wait", b"Content-Length: 0") + broken)

    first, _, second = received.partition(b"answer")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 400 ")
    head, _, body = second.partition(b"\r\n\r\n")
    for header in (b"connection: close", b"x-request-id: ", b"cache-control: no-store"):
        assert head.count(header) == 1
    assert json.loads(body) == {"status_code": 400, "detail": "This is not an HTTP request"}
    assert app.answered == ["wait"]


async def test_a_head_without_an_end_does_not_abort_the_response_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "HEAD_WITHIN", 0.2)
    app = App()
    async with serving(app) as (_, port):
        asyncio.get_running_loop().call_later(0.6, app.go.set)

        received, _ = await exchange(port, POST % (b"wait", b"Content-Length: 0") + b"GET / ")

    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b"answer")


async def test_a_client_that_reads_nothing_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_WITHIN", 0.2)
    async with serving(App()) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(POST % (b"large", b"Content-Length: 0"))
        await until(lambda: bool(server.server_state.connections))
        # Waiting for room must end, too, although it has no time limit.
        writer.write(GET)

        await until(lambda: not server.server_state.connections)

        writer.transport.abort()


async def test_a_client_that_reads_slowly_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "READ_WITHIN", 0.4)
    async with serving(App()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST % (b"large", b"Content-Length: 0\r\nConnection: close"))
        received = 0
        while data := await reader.read(4_000_000):
            received += len(data)
            await asyncio.sleep(0.02)
        writer.close()

    assert received > len(LARGE)


async def test_each_response_has_its_own_time_to_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "READ_WITHIN", 0.6)
    async with serving(App()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for name, size, pause in ((b"large", len(LARGE), 0), (b"larger", 2 * len(LARGE), 0.3)):
            writer.write(POST % (name, b"Content-Length: 0"))
            # The keep-alive time after the previous response ends while this one is not read.
            await asyncio.sleep(pause)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(size)
            await asyncio.sleep(0.4)
        writer.close()
