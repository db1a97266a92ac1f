"""PostgreSQL is slow to accept connections, or is unreachable at the start."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.clients import Client
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.proxy import Proxy
from tests.faults.report import Measured
from tests.faults.serving import OURS, is_retryable, serving, succeeded
from tests.process.service import SECRET, Service, started, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

WAKING: float = 5


async def test_a_database_that_wakes_up_delays_a_hundred_clients_without_errors(
    postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    with (
        Proxy(postgres.port) as proxy,
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database, proxy.port)) as service,
    ):
        # Suspended: it has ended every connection and delays new ones.
        postgres.administrate(f"SELECT pg_terminate_backend(pid, 5000) FROM {OURS}")
        proxy.delay = WAKING
        clients = {person: Client(service.port, token(person)) for person in PEOPLE}
        exchanges = await asyncio.gather(
            *(
                client.send("POST", f"/api/{person}/tasks", {"title": "Buy milk"})
                for person, client in clients.items()
            )
        )
        for client in clients.values():
            client.close()
        [(stored,)] = postgres.administrate("SELECT count(*) FROM tasks", database)
    failed = [exchange for exchange in exchanges if not succeeded(exchange)]
    slowest = max(exchange.seconds for exchange in exchanges)
    measured(
        "3",
        f"connects delayed by {WAKING:g} s with {len(exchanges)} clients waiting ({postgres.name})",
        "only time is lost",
        f"{len(failed)} errors in {len(exchanges)} creates, {stored} stored; the slowest took "
        f"{slowest:.2f} s",
    )
    assert not failed
    assert stored == len(exchanges)
    assert min(exchange.seconds for exchange in exchanges) > WAKING


async def test_the_service_waits_for_a_database_that_is_unreachable_at_the_start(
    plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    with (
        postgres.database("ada") as database,
        stopped(postgres),
        unready(tmp_path, postgres.url(database)) as service,
    ):
        client = Client(service.port, token("ada"))
        live = await client.send("GET", "/health/live")
        ready = await client.send("GET", "/health/ready")
        tasks = await client.send("GET", "/api/ada/tasks")
        client.close()
        await asyncio.sleep(4)
        back = postgres.start()
        service.wait_until_ready()
        healed = time.monotonic() - back
        after = await client.send("GET", "/api/ada/tasks")
        client.close()
    measured(
        "3",
        "PostgreSQL unreachable at the start, there some seconds later",
        "the process is up: live 200, ready 503, tasks a documented 500; it heals by itself, at "
        "most 15 s after PostgreSQL is there",
        f"live {live.status}, ready {ready.status}, tasks {tasks.status}; ready {healed:.1f} s "
        f"after PostgreSQL was, tasks {after.status}",
    )
    assert (live.status, ready.status, after.status) == (200, 503, 200)
    assert is_retryable(tasks)
    assert healed < 16


@contextmanager
def stopped(postgres: Postgres) -> Iterator[None]:
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def unready(folder: Path, url: str) -> Iterator[Service]:
    settings = {"NEON_DB_URL": url, "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready("/health/live")
        yield service
