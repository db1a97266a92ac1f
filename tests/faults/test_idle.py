"""Idle connections end, as when a Neon compute suspends."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import load
from tests.faults.background import Background
from tests.faults.clients import Client, Exchange
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.report import Measured, rounds
from tests.faults.serving import (
    OURS,
    audit,
    exchanges_of,
    is_retryable,
    malformed,
    serving,
    succeeded,
)
from tests.process.service import token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]


def terminate_all(postgres: Postgres) -> None:
    # The second argument: milliseconds to wait for the end of the backend.
    postgres.administrate(f"SELECT pg_terminate_backend(pid, 5000) FROM {OURS}")


def restart(postgres: Postgres) -> None:
    postgres.stop()
    postgres.start()


@pytest.mark.parametrize(
    ("fault", "strike"),
    [("all idle connections terminated", terminate_all), ("restarted while idle", restart)],
    ids=["terminated", "restarted"],
)
async def test_the_end_of_idle_connections_costs_no_error(
    fault: str,
    strike: Callable[[Postgres], None],
    postgres: Postgres,
    tmp_path: Path,
    measured: Measured,
) -> None:
    times = rounds(20, 3)
    seen: list[Exchange] = []
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
    ):
        clients = {person: Client(service.port, token(person)) for person in PEOPLE}

        async def use(person: str) -> None:
            tasks = f"/api/{person}/tasks"
            created = await clients[person].send("POST", tasks, {"title": "Buy milk"})
            seen.extend([created, await clients[person].send("GET", tasks)])

        await asyncio.gather(*map(use, PEOPLE))
        for _ in range(times):
            assert len(postgres.administrate(f"SELECT pid FROM {OURS} AND state = 'idle'")) > 1
            strike(postgres)
            await asyncio.gather(*map(use, PEOPLE))
        for client in clients.values():
            client.close()
    failed = [exchange for exchange in seen if not succeeded(exchange)]
    slowest = max(exchange.seconds for exchange in seen)
    measured(
        "2",
        f"{fault} {times} times, then 100 clients at once ({postgres.name})",
        "no client sees an error",
        f"{len(failed)} errors in {len(seen)} requests, the slowest {slowest * 1000:.0f} ms",
    )
    assert not failed


def test_connections_terminated_between_two_requests_lose_no_write(
    plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    terminated = 0
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
        Background(load.work, service.port) as people,
    ):
        time.sleep(1)
        for _ in range(rounds(50, 20)):
            time.sleep(0.1)
            ended = postgres.administrate(
                f"SELECT pg_terminate_backend(pid) FROM {OURS} AND state = 'idle'"
            )
            terminated += len(ended)
        memories = people.result()
        wrong = audit(memories, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    measured(
        "2",
        f"connections terminated {terminated} times, each between two requests of 100 clients",
        "a request that was sent in that moment may be a documented 500, no other",
        f"{sum(map(is_retryable, exchanges))} documented 500s and {len(bad)} other failures in "
        f"{len(exchanges)} requests; {len(wrong)} writes lost or phantom",
    )
    assert not wrong
    assert not bad
