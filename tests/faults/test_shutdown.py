"""SIGTERM: every request is answered, and no connection is reset."""

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from entrypoints.server.limits import LINGER
from tests.faults.clients import Client, Exchange
from tests.faults.report import Measured
from tests.process.service import SECRET, Service, started, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

CLIENTS = 100
TASKS = "/api/ada/tasks"
MODES = pytest.mark.parametrize(
    "options", [[], ["--workers", "4"], ["--reload"]], ids=["one process", "4 workers", "reload"]
)


@contextmanager
def serving(options: list[str], folder: Path, url: str) -> Iterator[Service]:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
    settings = {"NEON_DB_URL": url, "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", *options, cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service


async def end(service: Service) -> tuple[int, float]:
    """Send SIGTERM; return the exit code and the seconds until the exit."""
    told = time.monotonic()
    service.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(service.process.wait, 30)
    return code, time.monotonic() - told


def turned_away(exchange: Exchange) -> bool:
    """Whether the connection was refused."""
    return "Connect call failed" in exchange.error


def stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM tasks").fetchone()
    assert row is not None
    count: int = row[0]
    return count


@MODES
async def test_a_stopping_service_answers_all_of_its_clients(
    options: list[str], tmp_path: Path, database_url: str, measured: Measured
) -> None:
    seen: list[Exchange] = []

    async def create_until_turned_away(port: int, *, keeps: bool) -> None:
        client = Client(port, token("ada"))
        while True:
            exchange = await client.send("POST", TASKS, {"title": "Buy milk"})
            seen.append(exchange)
            if exchange.status is None:
                return
            if not keeps:
                client.close()

    with serving(options, tmp_path, database_url) as service:
        clients = [
            asyncio.create_task(create_until_turned_away(service.port, keeps=number % 2 == 0))
            for number in range(CLIENTS)
        ]
        await asyncio.sleep(2)
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as idle:
            code, seconds = await end(service)
            # A connection without a request is closed, not reset.
            assert idle.recv(1) == b""
        await asyncio.gather(*clients)

    answered = [exchange for exchange in seen if exchange.status is not None]
    cut_off = [exchange for exchange in seen if exchange.status is None]
    cut_off = [exchange for exchange in cut_off if not turned_away(exchange)]
    measured(
        "8",
        f"SIGTERM under {CLIENTS} clients, {' '.join(options) or 'one process'}",
        "everything in flight answered, no connection reset, exit within 10 s with code 0",
        f"{len(answered)} answered, {len(cut_off)} cut off; exit {code} after {seconds:.1f} s",
    )
    assert [exchange.error for exchange in cut_off] == []
    assert {exchange.status for exchange in answered} == {201}
    assert stored(database_url) == len(answered)
    assert code == 0
    assert seconds < 10


@MODES
async def test_requests_that_wait_for_the_database_are_answered_before_the_end(
    options: list[str], tmp_path: Path, database_url: str, measured: Measured
) -> None:
    with serving(options, tmp_path, database_url) as service:
        clients = [Client(service.port, token("ada")) for _ in range(CLIENTS)]
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE tasks")
            sent = [
                asyncio.create_task(client.send("POST", TASKS, {"title": "Buy milk"}))
                for client in clients
            ]
            await asyncio.sleep(1)
            ending = asyncio.create_task(end(service))
            await asyncio.sleep(2)
            assert not any(task.done() for task in sent)
        answers = await asyncio.gather(*sent)
        code, seconds = await ending
    created = sum(answer.status == 201 for answer in answers)
    measured(
        "8",
        f"SIGTERM while {CLIENTS} requests wait 2 s longer, {' '.join(options) or 'one process'}",
        "everything in flight answered, exit within 10 s with code 0",
        f"{created} of {CLIENTS} created; exit {code} after {seconds:.1f} s",
    )
    assert created == stored(database_url) == CLIENTS
    assert {answer.headers["connection"] for answer in answers} == {"close"}
    assert code == 0
    assert seconds < 10


@MODES
async def test_neither_a_stuck_database_nor_a_slow_client_delays_the_end(
    options: list[str], tmp_path: Path, database_url: str, measured: Measured
) -> None:
    with serving(options, tmp_path, database_url) as service:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE tasks")
            sent = asyncio.create_task(
                Client(service.port, token("ada")).send("POST", TASKS, {"title": "Buy milk"})
            )
            with socket.create_connection(("127.0.0.1", service.port)) as slow:
                slow.sendall(
                    f"POST {TASKS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token('ada')}\r\n"
                    "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{".encode()
                )
                await asyncio.sleep(0.5)
                code, seconds = await end(service)
        answer = await sent
    measured(
        "8",
        f"SIGTERM, PostgreSQL stuck, a body without end, {' '.join(options) or 'one process'}",
        "exit within 10 s with code 0",
        f"the waiting request {answer.status}; exit {code} after {seconds:.1f} s",
    )
    assert answer.status == 500
    assert "retry-after" in answer.headers
    assert code == 0
    assert seconds < 10


@MODES
async def test_a_second_signal_ends_the_service_at_once(
    options: list[str], tmp_path: Path, database_url: str, measured: Measured
) -> None:
    with serving(options, tmp_path, database_url) as service:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE tasks")
            sent = [
                asyncio.create_task(
                    Client(service.port, token("ada")).send("POST", TASKS, {"title": "Buy milk"})
                )
                for _ in range(10)
            ]
            await asyncio.sleep(0.5)
            processes = family(service.process.pid)
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)
            assert service.process.poll() is None
            code, seconds = await end(service)
        await asyncio.gather(*sent)
    left = alive_after_a_moment(processes)
    measured(
        "8",
        f"a second SIGTERM, {' '.join(options) or 'one process'}",
        "ends at once",
        f"exit {code} after {seconds * 1000:.0f} ms, {len(left)} processes left",
    )
    # The rest is the exit of Python, on a machine that may be busy; the requests would take 6 s.
    assert seconds < 2
    assert left == []
    assert code == 128 + signal.SIGTERM


async def test_a_request_sent_just_after_the_signal_is_answered(
    tmp_path: Path, database_url: str
) -> None:
    with serving([], tmp_path, database_url) as service:
        client = Client(service.port, token("ada"))
        first = await client.send("GET", TASKS)
        ending = asyncio.create_task(end(service))
        await asyncio.sleep(LINGER / 2)
        last = await client.send("GET", TASKS)
        code, seconds = await ending
    assert (first.status, last.status, code) == (200, 200, 0)
    assert seconds < 10
    assert (first.headers.get("connection"), last.headers.get("connection")) == (None, "close")


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found = [pid]
    for each in found:
        found += [child for child, parent in pairs if parent == each]
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def alive_after_a_moment(processes: list[int]) -> list[int]:
    """Return those that still run after a second at most; killed processes take a moment to end."""
    deadline = time.monotonic() + 1
    while (left := list(filter(is_alive, processes))) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
