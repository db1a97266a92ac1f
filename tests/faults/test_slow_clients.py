"""Slow clients, and other clients of the same service."""

import asyncio
import json
import random
import resource
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from entrypoints.server.limits import BODY_WITHIN, HEAD_WITHIN
from tests.faults.clients import Client, Exchange
from tests.faults.report import Measured, rounds
from tests.faults.serving import serving
from tests.process.service import token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

SLOW = 1000
OTHERS = 20
TASKS = "/api/ada/tasks"
KEEP_ALIVE = 5
"""Seconds after which uvicorn closes a connection between two requests."""

AUTHORIZED = f"Host: x\r\nAuthorization: Bearer {token('ada')}\r\n"
HEAD = f"GET {TASKS} HTTP/1.1\r\n{AUTHORIZED}X-Filler: {'x' * 10_000}".encode()
JSON = "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n"
BODY_HEAD = f"POST {TASKS} HTTP/1.1\r\n{AUTHORIZED}{JSON}".encode()
REFUSED_HEAD = f"POST {TASKS} HTTP/1.1\r\nHost: x\r\n{JSON}".encode()


@contextmanager
def few_files_at_first() -> Iterator[None]:
    """Processes that start in the block may open 256 files, and can raise this limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))


@pytest.fixture
def users(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
    return database_url


async def trickle(port: int, at_once: bytes, then: bytes = b"") -> tuple[float, bytes]:
    """Send ``at_once``, then a byte a second; return the seconds until the end and the response."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""

    async def send() -> None:
        await asyncio.sleep(random.random())  # noqa: S311 - not all at the same moment
        for byte in then:
            writer.write(bytes([byte]))
            await asyncio.sleep(1)

    writer.write(at_once)
    sending = asyncio.create_task(send())
    try:
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(BODY_WITHIN + 10):
                while data := await reader.read(65536):
                    answer += data
        return time.monotonic() - started, answer
    finally:
        sending.cancel()
        writer.transport.abort()
        await asyncio.sleep(0)


async def test_a_thousand_slow_clients_do_not_stop_the_others(
    tmp_path: Path, users: str, measured: Measured
) -> None:
    async def be_slow(port: int, number: int) -> None:
        while True:
            head, rest = (HEAD[:1], HEAD[1:]) if number % 2 else (BODY_HEAD, b" " * 10_000)
            await trickle(port, head, rest)

    async def work(port: int, until: float) -> list[Exchange]:
        client = Client(port, token("ada"))
        exchanges = []
        while time.monotonic() < until:
            created = await client.send("POST", TASKS, {"title": "Buy milk"})
            exchanges.append(created)
            if created.status == 201:
                path = f"{TASKS}/{created.json['id']}"
                exchanges.append(await client.send("GET", path))
                exchanges.append(await client.send("DELETE", path))
            await asyncio.sleep(0.2)
        client.close()
        return exchanges

    async def everybody(port: int, seconds: float) -> list[Exchange]:
        until = time.monotonic() + seconds
        done = await asyncio.gather(*(work(port, until) for _ in range(OTHERS)))
        return [exchange for exchanges in done for exchange in exchanges]

    with ExitStack() as stack:
        with few_files_at_first():
            service = stack.enter_context(serving(tmp_path, users))
        before = await everybody(service.port, 5)
        slow = [asyncio.create_task(be_slow(service.port, number)) for number in range(SLOW)]
        await asyncio.sleep(3)
        connected = open_files(service.process.pid)
        during = await everybody(service.port, rounds(40, 12))
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    measured(
        "11",
        f"{SLOW} clients that send a byte a second, half of them heads, half of them bodies",
        f"{OTHERS} others are served all the while",
        f"{len(during)} of their requests, p99 {p99(during)} ms ({p99(before)} ms without); "
        f"{connected} files open",
    )
    assert connected > SLOW
    assert {exchange.status for exchange in [*before, *during]} == {200, 201, 204}


async def test_a_request_must_arrive_in_time(
    tmp_path: Path, users: str, measured: Measured
) -> None:
    whole = f"GET {TASKS} HTTP/1.1\r\n{AUTHORIZED}\r\n".encode()
    with serving(tmp_path, users) as service:
        silent, head, second_head, body, refused, between = await asyncio.gather(
            trickle(service.port, b""),
            trickle(service.port, HEAD[:1], HEAD[1:]),
            trickle(service.port, whole + HEAD[:1], HEAD[1:]),
            trickle(service.port, BODY_HEAD, b" " * 100),
            trickle(service.port, REFUSED_HEAD, b" " * 100),
            trickle(service.port, whole),
        )
    measured(
        "11",
        "a connection without a word; a head, a body that do not end; nothing more to ask",
        f"closed after {HEAD_WITHIN} s; 408 after {HEAD_WITHIN} s, {BODY_WITHIN} s; "
        f"closed after {KEEP_ALIVE} s",
        f"{silent[0]:.1f} s; {head[0]:.1f} s, {body[0]:.1f} s; {between[0]:.1f} s",
    )
    assert silent[1] == b""
    assert 0 <= silent[0] - HEAD_WITHIN < 1
    for seconds, answer in (head, second_head):
        assert_is_time_out(answer.removeprefix(answer[: answer.rfind(b"HTTP/1.1 ")]))
        assert 0 <= seconds - HEAD_WITHIN < 1
    assert second_head[1].startswith(b"HTTP/1.1 200 ")
    assert_is_time_out(body[1])
    assert 0 <= body[0] - BODY_WITHIN < 1
    # Answered before, so no further response is due.
    assert refused[1].startswith(b"HTTP/1.1 401 ")
    assert refused[1].count(b"HTTP/1.1 ") == 1
    assert 0 <= refused[0] - BODY_WITHIN < 1
    assert between[1].startswith(b"HTTP/1.1 200 ")
    assert 0 <= between[0] - KEEP_ALIVE < 1


def assert_is_time_out(answer: bytes) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"connection: close" in head
    assert b"x-request-id: " in head
    assert json.loads(body) == {
        "status_code": 408,
        "detail": "The request took too long to arrive",
    }


def open_files(pid: int) -> int:
    """Return the number of open files of a process; each connection is one."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def p99(exchanges: list[Exchange]) -> int:
    """In milliseconds."""
    seconds = sorted(exchange.seconds for exchange in exchanges)
    return round(seconds[int(len(seconds) * 0.99)] * 1000)
