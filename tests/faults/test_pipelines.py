"""One client that sends requests ahead, offers of an upgrade and large heads, without a token."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.background import Background
from tests.faults.clients import Client, Exchange
from tests.faults.neighbour import resident
from tests.faults.report import Measured, rounds
from tests.process.service import SECRET, started, token

pytestmark = [pytest.mark.faults, pytest.mark.process]

SECONDS = rounds(5, 3)
GROWTH_MAX = 20 * 2**20
TASKS = "/api/ada/tasks"

FLOODS = {
    "GET without Host": b"GET / HTTP/1.1\r\n\r\n" * 10_000,
    "GET": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000,
    "HEAD": b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000,
    "an offer of HTTP/2": (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" * 5_000
    ),
    "a head of 250 kB": b"GET / HTTP/1.1\r\nX-Y: " + b"y" * 250_000 + b"\r\n\r\n",
    "a head of 60,000 headers": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 60_000 + b"\r\n",
}


async def flood(stop: asyncio.Event, port: int, connections: int, sent: bytes) -> int:
    """Send ``sent`` again and again, on new connections when they close; how many bytes went."""
    total = 0

    async def one() -> None:
        nonlocal total
        while not stop.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answers = asyncio.create_task(drop(reader))
            with suppress(OSError, TimeoutError):
                while not (stop.is_set() or answers.done()):
                    writer.write(sent)
                    async with asyncio.timeout(1):
                        await writer.drain()
                    total += len(sent)
            answers.cancel()
            writer.transport.abort()
            await asyncio.sleep(0)

    async def drop(reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while await reader.read(2**18):
                pass

    await asyncio.gather(*(one() for _ in range(connections)))
    return total


async def hold_heads(stop: asyncio.Event, port: int, connections: int, sent: bytes) -> int:
    """Send ``sent`` once on each connection, and on a new one when it closes; how many bytes."""
    total = 0

    async def one() -> None:
        nonlocal total
        while not stop.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(OSError):
                writer.write(sent)
                total += len(sent)
                await reader.read()
            writer.transport.abort()

    held = [asyncio.create_task(one()) for _ in range(connections)]
    await stop.wait()
    for each in held:
        each.cancel()
    await asyncio.gather(*held, return_exceptions=True)
    return total


@pytest.mark.parametrize("connections", [1, 64])
@pytest.mark.parametrize("kind", FLOODS)
async def test_requests_sent_ahead_cost_their_sender_alone(
    kind: str, connections: int, tmp_path: Path, measured: Measured
) -> None:
    await compare(
        f"{kind}, again and again without waiting",
        flood,
        connections,
        FLOODS[kind],
        folder=tmp_path,
        measured=measured,
    )


async def test_heads_that_never_end_cost_their_sender_alone(
    tmp_path: Path, measured: Measured
) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Y: " + b"y" * 60_000
    kind = "60 kB of a head that never ends, and again once it is refused"
    await compare(kind, hold_heads, 800, head, folder=tmp_path, measured=measured)


async def compare(
    kind: str,
    client_of: Callable[..., Awaitable[int]],
    connections: int,
    sent: bytes,
    *,
    folder: Path,
    measured: Measured,
) -> None:
    """Check the memory and another user's requests while a client sends ``sent``."""
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        client = Client(service.port, token("ada"))
        created = await client.send("POST", TASKS, {"title": "Buy milk"})
        path = f"{TASKS}/{created.json['id']}"
        seen: list[Exchange] = []
        before = most = resident(service.process.pid)
        with Background(client_of, service.port, connections, sent) as flooding:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                seen.append(await client.send("GET", path))
                most = max(most, resident(service.process.pid))
                await asyncio.sleep(0.01)
            total = flooding.result()
        client.close()
    seconds = sorted(exchange.seconds for exchange in seen)
    measured(
        "12",
        f"{kind}, {connections} connection(s), {SECONDS} s",
        "memory grows by less than 20 MB; another user is served",
        f"{total / 1e6:.0f} MB sent; {before / 2**20:.0f} MB before, "
        f"{(most - before) / 2**20:.1f} MB more; {len(seen)} requests of the other user, "
        f"p99 {seconds[int(len(seconds) * 0.99)] * 1000:.0f} ms, most {seconds[-1] * 1000:.0f} ms",
    )
    assert {exchange.status for exchange in seen} == {200}
    assert most - before < GROWTH_MAX
