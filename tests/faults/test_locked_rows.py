"""Another session locks rows, and the requests that need them wait."""

import asyncio
import time
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.connection import GIVEN_UP_WITHIN
from adapters.postgres.pool import POOL_SIZE
from adapters.postgres.session import ANSWER_WITHIN
from tests.faults.clients import Client, Exchange
from tests.faults.postgres import Postgres
from tests.faults.report import Measured, rounds
from tests.faults.serving import OURS, is_retryable, serving, succeeded
from tests.pgbouncer import needs_pgbouncer, pgbouncer, pgbouncer_version
from tests.process.service import Service, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

PEOPLE = [f"person-{number}" for number in range(2 * POOL_SIZE)]


async def created(service: Service, user: str) -> str:
    """Create a task and return its path."""
    client = Client(service.port, token(user))
    exchange = await client.send("POST", f"/api/{user}/tasks", {"title": "Buy milk"})
    client.close()
    assert succeeded(exchange), exchange
    return exchange.headers["location"]


async def repeat(service: Service, user: str, method: str, path: str, end: float) -> list[Exchange]:
    """Send the same request again and again until ``end``, by ``time.monotonic()``."""
    client = Client(service.port, token(user))
    content = {"title": "Buy bread"} if method == "PUT" else None
    exchanges = []
    while time.monotonic() < end:
        exchanges.append(await client.send(method, path, content))
        await asyncio.sleep(0.01)
    client.close()
    return exchanges


async def most_backends(postgres: Postgres, end: float, condition: str = "") -> int:
    """Return the largest number of sessions of the service that PostgreSQL had until ``end``."""
    most = 0
    while time.monotonic() < end:
        [(count,)] = await asyncio.to_thread(
            postgres.administrate, f"SELECT count(*) FROM {OURS} {condition}"
        )
        most = max(most, count)
        await asyncio.sleep(0.1)
    return most


@pytest.mark.parametrize("load", ["locked", "lists"])
async def test_one_user_does_not_keep_another_user_waiting(
    load: str, plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    seconds = rounds(20, 8)  # Longer than any request may take.
    with (
        postgres.database("ada", "bob") as database,
        serving(tmp_path, postgres.url(database)) as service,
        psycopg.connect(postgres.url(database)) as locker,
    ):
        adas, bobs = [await created(service, user) for user in ("ada", "bob")]
        if load == "locked":
            locker.execute("SELECT FROM tasks WHERE user_id = 'ada' FOR UPDATE")
            method, path = "PUT", adas
            fault = f"64 clients of one user edit a task that another session locks for {seconds} s"
        else:
            postgres.administrate(
                "INSERT INTO tasks (user_id, title) "
                "SELECT 'ada', 'Buy milk' FROM generate_series(1, 1000)",
                database,
            )
            method, path = "GET", "/api/ada/tasks"
            fault = f"64 clients of one user list 1,000 tasks for {seconds} s"
        end = time.monotonic() + seconds
        crowd = [repeat(service, "ada", method, path, end) for _ in range(64)]
        *theirs, others = await asyncio.gather(*crowd, repeat(service, "bob", "GET", bobs, end))
        locker.rollback()
    failed = [exchange for exchange in others if not succeeded(exchange)]
    times = sorted(exchange.seconds for exchange in others)
    p99 = times[len(times) * 99 // 100]
    measured(
        "13",
        fault,
        "another user's requests are served without an error",
        f"{len(failed)} errors in {len(others)} requests of the other user, p99 "
        f"{p99 * 1000:.0f} ms, most {times[-1] * 1000:.0f} ms; "
        f"{sum(map(len, theirs))} requests of the one",
    )
    assert not failed
    assert len(others) > 10


async def test_statements_that_were_given_up_do_not_pile_up(
    postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    seconds = rounds(20, 10)
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
        psycopg.connect(postgres.url(database), application_name="locker") as locker,
    ):
        paths = [await created(service, person) for person in PEOPLE]
        locker.execute("SELECT FROM tasks FOR UPDATE")
        end = time.monotonic() + seconds
        crowd = [
            repeat(service, person, "PUT", path, end)
            for person, path in zip(PEOPLE, paths, strict=True)
            for _ in range(3)
        ]
        watching = asyncio.create_task(most_backends(postgres, end))
        exchanges = await asyncio.gather(*crowd)
        most = await watching
        locker.rollback()
        unlocked = time.monotonic()
        after = [
            await repeat(service, person, "GET", path, time.monotonic() + 0.05)
            for person, path in zip(PEOPLE, paths, strict=True)
        ]
        recovered = time.monotonic() - unlocked
    given_up = [exchange for each in exchanges for exchange in each if not succeeded(exchange)]
    failed = [exchange for each in after for exchange in each if not succeeded(exchange)]
    measured(
        "13",
        f"60 clients of 20 users edit tasks that another session locks for {seconds} s "
        f"({postgres.name})",
        f"at most {POOL_SIZE} sessions of a process in PostgreSQL",
        f"at most {most} sessions; {len(given_up)} documented 500s; {len(failed)} errors in the "
        f"{recovered:.1f} s after the lock",
    )
    assert all(map(is_retryable, given_up))
    assert given_up
    assert most <= POOL_SIZE
    assert not failed


@needs_pgbouncer
@pytest.mark.parametrize("setting", ["client_connection_check_interval = '1s'"])
async def test_behind_a_pooler_a_setting_of_the_role_ends_statements_that_were_given_up(
    setting: str, plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    with postgres.database("ada") as database:
        url = postgres.url(database)
        postgres.administrate(f'ALTER ROLE postgres IN DATABASE "{database}" SET {setting}')
        with (
            pgbouncer(url, tmp_path, server_connections=5) as pooled,
            serving(tmp_path, pooled) as service,
            psycopg.connect(url, application_name="locker") as locker,
        ):
            path = await created(service, "ada")
            locker.execute("SELECT FROM tasks FOR UPDATE")
            client = Client(service.port, token("ada"))
            exchange = await client.send("PUT", path, {"title": "Buy bread"})
            client.close()
            failed = time.monotonic()
            while postgres.administrate(f"SELECT pid FROM {OURS} AND wait_event_type = 'Lock'"):
                await asyncio.sleep(0.05)
                assert time.monotonic() - failed < 10, "the statement goes on waiting"
            ended = time.monotonic() - failed
            locker.rollback()
    measured(
        "13",
        f"a locked row behind {pgbouncer_version()}, with the setting of the role",
        f"the statement ends within 2 s of the 500, which comes after {ANSWER_WITHIN:g} s",
        f"500 after {exchange.seconds:.1f} s, the statement ended {ended:.1f} s later",
    )
    assert is_retryable(exchange)
    assert ended < max(2, GIVEN_UP_WITHIN)
