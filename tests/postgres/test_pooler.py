"""The whole adapter through PgBouncer in transaction mode."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.connection import Connection
from adapters.postgres.database import Database
from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import TaskLimitReached
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask, Task
from tests.clock import SettableClock
from tests.pgbouncer import needs_pgbouncer, pgbouncer

pytestmark = [pytest.mark.postgres, needs_pgbouncer]


@pytest.fixture
def pooled_url(empty_database_url: str, tmp_path: Path) -> Iterator[str]:
    """The empty database's URL through a PgBouncer with two server connections."""
    with pgbouncer(empty_database_url, tmp_path, server_connections=2) as url:
        yield url


async def test_a_pooled_connection_prepares_nothing(pooled_url: str) -> None:
    connection = await Connection.open(Dsn(pooled_url))
    statement = Statement(
        b"SELECT statement FROM pg_prepared_statements WHERE name LIKE $1::text", ("like",)
    )
    for _ in range(3):
        assert await connection.run(statement, {"like": "%"}) == []
    await connection.close()


async def test_preparing_leaves_no_setting_to_the_next_session(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pgbouncer(empty_database_url, tmp_path, server_connections=1) as url:
        database = Database(url=url, users_table="users")
        await database.prepare()
        connection = await Connection.open(Dsn(url))
        changed = Statement(b"SELECT name FROM pg_settings WHERE source = 'session'")
        assert await connection.run(Statement(b"SHOW lock_timeout"), {}) == [("0",)]
        # PgBouncer itself sets the first two for each of its clients.
        assert set(await connection.run(changed, {})) <= {("application_name",), ("TimeZone",)}
        await connection.close()
        await database.close()


async def test_many_requests_work_through_two_server_connections(
    pooled_url: str, empty_database_url: str
) -> None:
    databases = [Database(url=pooled_url, users_table="users") for _ in range(3)]
    await asyncio.gather(*(database.prepare() for database in databases))
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
    now = SettableClock().now()

    async def work(database: Database) -> None:
        tasks = PostgresTaskRepository(database=database)
        for _ in range(5):
            new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=now)
            task = await tasks.add(new)
            for _ in range(3):
                await tasks.update("ada", task.id, lambda task: task.toggle(now=now))
            assert (await tasks.get("ada", task.id)).completed

    await asyncio.gather(*(work(database) for database in databases for _ in range(8)))
    tasks = PostgresTaskRepository(database=databases[0])
    completed = await tasks.list("ada", StatusFilter.COMPLETED, SortOrder.TITLE)
    assert len(completed) == 3 * 8 * 5
    with psycopg.connect(empty_database_url) as connection:
        locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert locks.fetchone() == (0,)
    for database in databases:
        await database.close()


@pytest.mark.parametrize("limit", [7, 1_010], ids=["small", "beyond the margin"])
async def test_the_limit_of_tasks_is_exact_over_several_processes(
    pooled_url: str, empty_database_url: str, limit: int
) -> None:
    # Separate pools, as separate processes have.
    databases = [Database(url=pooled_url, users_table="users") for _ in range(4)]
    await asyncio.gather(*(database.prepare() for database in databases))
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
        connection.execute(
            "INSERT INTO tasks (user_id, title) SELECT 'ada', 'old' FROM generate_series(1, %s)",
            [max(limit - 20, 0)],
        )
    new = NewTask.create(
        user_id="ada", title="Buy milk", description=None, now=SettableClock().now()
    )
    repositories = [PostgresTaskRepository(database=database) for database in databases]

    outcomes = await asyncio.gather(
        *(tasks.add(new, limit=limit) for tasks in repositories for _ in range(10)),
        return_exceptions=True,
    )

    added = min(limit, 20)
    assert sum(isinstance(outcome, Task) for outcome in outcomes) == added
    assert sum(isinstance(outcome, TaskLimitReached) for outcome in outcomes) == 40 - added
    with psycopg.connect(empty_database_url) as connection:
        count = connection.execute("SELECT count(*) FROM tasks").fetchone()
        locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert (count, locks.fetchone()) == ((limit,), (0,))
    for database in databases:
        await database.close()
