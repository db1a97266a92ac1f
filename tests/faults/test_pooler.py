"""PgBouncer in transaction mode between the service and PostgreSQL."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.faults.clients import Client
from tests.faults.postgres import Postgres
from tests.faults.report import Measured, rounds
from tests.faults.serving import is_retryable
from tests.pgbouncer import needs_pgbouncer, pgbouncer, pgbouncer_version
from tests.process.service import SECRET, Service, started, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process, needs_pgbouncer]

SERVER_CONNECTIONS = 5
USERS = [f"user-{number}" for number in range(100)]
REQUESTS_EACH = rounds(1_000, 100)

# PgBouncer sets these for each of its clients.
TRACKED = {"application_name", "client_encoding", "DateStyle", "TimeZone"}


class Pooled:
    """The service on a database behind PgBouncer, and both URLs of that database."""

    def __init__(self, service: Service, direct_url: str, pooled_url: str) -> None:
        self.service = service
        self.direct_url = direct_url
        self.pooled_url = pooled_url


@pytest.fixture
def pooled(plain_postgres: Postgres, tmp_path: Path) -> Iterator[Pooled]:
    with ExitStack() as stack:
        database = stack.enter_context(plain_postgres.database(*USERS))
        direct_url = plain_postgres.url(database)
        pooler = pgbouncer(direct_url, tmp_path, server_connections=SERVER_CONNECTIONS)
        pooled_url = stack.enter_context(pooler)
        settings = {"NEON_DB_URL": pooled_url, "BETTER_AUTH_SECRET": SECRET}
        arguments = ("serve", "--host", "127.0.0.1", "--workers", "2")
        service = stack.enter_context(started(*arguments, cwd=tmp_path, **settings))
        service.wait_until_ready()
        yield Pooled(service, direct_url, pooled_url)


async def use(port: int, requests: int) -> Counter[str]:
    """Let every user create, read, edit, toggle, list and delete; count the results."""
    outcomes = Counter[str]()

    async def one(user: str) -> None:
        client = Client(port, token(user))
        tasks = f"/api/{user}/tasks"
        path = tasks
        for number in range(requests):
            title = {"title": f"{number} of {user}"}
            method, suffix, content, expected = [
                ("POST", None, title, 201),
                ("GET", "", None, 200),
                ("PUT", "", title, 200),
                ("PATCH", "/complete", None, 200),
                ("GET", None, None, 200),
                ("DELETE", "", None, 204),
            ][number % 6]
            target = tasks if suffix is None else path + suffix
            exchange = await client.send(method, target, content)
            outcomes["as expected" if exchange.status == expected else str(exchange)] += 1
            if exchange.status == 201:
                path = f"{tasks}/{exchange.json['id']}"
        client.close()

    await asyncio.gather(*map(one, USERS))
    return outcomes


async def test_many_clients_share_few_connections_and_leave_nothing_behind(
    pooled: Pooled, measured: Measured
) -> None:
    started_at = time.monotonic()
    outcomes = await use(pooled.service.port, REQUESTS_EACH)
    seconds = time.monotonic() - started_at
    total = outcomes.total()
    left = left_behind(pooled)
    measured(
        "6",
        f"{pgbouncer_version()}, transaction mode, {SERVER_CONNECTIONS} server connections, "
        f"{len(USERS)} clients with {REQUESTS_EACH} requests each",
        "no error; no advisory lock and no session setting left",
        f"{total} requests in {seconds:.0f} s, {total - outcomes['as expected']} errors; "
        f"left behind: {', '.join(left) or 'nothing'}",
    )
    assert outcomes == {"as expected": len(USERS) * REQUESTS_EACH}
    assert left == []


def left_behind(pooled: Pooled) -> list[str]:
    """Return settings and locks of the pooler's sessions that a new session does not have."""
    with ExitStack() as stack:
        fresh = stack.enter_context(psycopg.connect(pooled.direct_url))
        # A transaction keeps its server connection, so these are all of them.
        sessions = [
            stack.enter_context(psycopg.connect(pooled.pooled_url, prepare_threshold=None))
            for _ in range(SERVER_CONNECTIONS)
        ]
        processes = {ask(session, "SELECT pg_backend_pid()")[0] for session in sessions}
        assert len(processes) == SERVER_CONNECTIONS
        left = []
        for session in sessions:
            differing = {
                name
                for name, value in settings(session).items()
                if settings(fresh)[name] != value and name not in TRACKED
            }
            left += sorted(f"setting {name}" for name in differing)
            for kind in ("pg_prepared_statements", "pg_cursors", "pg_listening_channels()"):
                left += [f"{kind} {row}" for row in ask(session, f"SELECT * FROM {kind}")]
        locks = ask(fresh, "SELECT pid, mode FROM pg_locks WHERE locktype = 'advisory'")
        return left + [f"advisory lock {row}" for row in locks]


def settings(connection: psycopg.Connection) -> dict[str, str]:
    return dict(ask(connection, "SELECT name, setting FROM pg_settings"))


def ask(connection: psycopg.Connection, query: str) -> list[Any]:
    return connection.execute(query.encode()).fetchall()


async def test_the_service_recovers_from_a_restart_behind_the_pooler(
    pooled: Pooled, plain_postgres: Postgres, measured: Measured
) -> None:
    client = Client(pooled.service.port, token(USERS[0]))
    tasks = f"/api/{USERS[0]}/tasks"
    assert (await client.send("GET", tasks)).status == 200
    plain_postgres.stop()
    failed = [await client.send("GET", tasks)]
    accepting = plain_postgres.start()
    while failed[-1].status != 200:
        await asyncio.sleep(0.05)
        failed.append(await client.send("GET", tasks))
    recovered = failed.pop()
    after = [await client.send("GET", tasks) for _ in range(100)]
    client.close()
    seconds = recovered.ended - accepting
    measured(
        "6",
        f"PostgreSQL restarted behind {pgbouncer_version()}",
        "recovered within 15 s",
        f"{len(failed)} documented 500s, recovered after {seconds:.1f} s",
    )
    assert all(is_retryable(exchange) for exchange in failed)
    assert {exchange.status for exchange in after} == {200}
    assert seconds < 15
