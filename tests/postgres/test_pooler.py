"""The whole adapter through PgBouncer in transaction mode."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.connection import Dsn, prepare_statements_if_direct
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask
from tests.clock import SettableClock
from tests.ports import free_port

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        not Path(PGBOUNCER).exists() and not os.environ.get("CI"),
        reason="PgBouncer is not installed",
    ),
]


@pytest.fixture
def pooled_url(empty_database_url: str, tmp_path: Path) -> Iterator[str]:
    """The empty database's URL through a PgBouncer with two server connections."""
    server = conninfo_to_dict(empty_database_url)
    port = free_port()
    configuration = tmp_path / "pgbouncer.ini"
    configuration.write_text(
        f"""[databases]
{server["dbname"]} = host={server["host"]} port={server["port"]} user={server["user"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
"""
    )
    command = [PGBOUNCER, str(configuration)]
    if os.geteuid() == 0:
        # PgBouncer refuses to run as root.
        tmp_path.chmod(0o755)
        command[1:1] = ["-u", "nobody"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        _wait_for(port)
        yield f"postgresql://{server['user']}@127.0.0.1:{port}/{server['dbname']}"
        process.terminate()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("PgBouncer does not listen")


async def test_a_pooled_connection_prepares_nothing(pooled_url: str) -> None:
    connection = await Dsn(pooled_url).connect(autocommit=True)
    await prepare_statements_if_direct(connection)
    assert connection.prepare_threshold is None
    await connection.close()


async def test_many_work_through_two_server_connections(
    pooled_url: str, empty_database_url: str
) -> None:
    databases = [Database(url=pooled_url, users_table="users") for _ in range(3)]
    await asyncio.gather(*(database.prepare() for database in databases))
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
    now = SettableClock().now()

    async def work(database: Database) -> None:
        tasks = PostgresTaskRepository(database=database, users_table="users")
        for _ in range(5):
            new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=now)
            task = await tasks.add(new)
            for _ in range(3):
                await tasks.update("ada", task.id, lambda task: task.toggle(now=now))
            assert (await tasks.get("ada", task.id)).completed

    await asyncio.gather(*(work(database) for database in databases for _ in range(8)))
    tasks = PostgresTaskRepository(database=databases[0], users_table="users")
    completed = await tasks.list("ada", StatusFilter.COMPLETED, SortOrder.TITLE)
    assert len(completed) == 3 * 8 * 5
    with psycopg.connect(empty_database_url) as connection:
        locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert locks.fetchone() == (0,)
    for database in databases:
        await database.close()
