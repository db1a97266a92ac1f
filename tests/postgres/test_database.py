"""The database while PostgreSQL is suspended, frozen, restarted or unreachable."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from adapters.embedded.server import EmbeddedPostgres
from adapters.postgres import migrating, statements
from adapters.postgres import pool as pool_module
from adapters.postgres import session as session_module
from adapters.postgres.database import Database
from adapters.postgres.dsn import Dsn
from adapters.postgres.facts import Facts
from adapters.postgres.pool import POOL_SIZE
from adapters.postgres.statements import Statement
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import InvalidConfiguration, SchemaConflict, StorageUnavailable
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask
from tests.clock import SettableClock
from tests.waiting import until

pytestmark = pytest.mark.postgres

# A slow statement; those of the repository are all fast.
SLEEP = Statement(b"SELECT pg_sleep($1::float)", ("seconds",))

USER = "ada"

PREPARED = Statement(b"SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(url=database_url, users_table="users")
    await database.prepare()
    yield database
    await database.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Answers are due within half a second instead of many."""
    monkeypatch.setattr(session_module, "ANSWER_WITHIN", 0.5)
    monkeypatch.setattr(pool_module, "GIVEN_UP_WITHIN", 0.1)
    return 0.5


def prepared(database: Database) -> Database:
    """Mark ``database`` as prepared, because its server cannot be."""
    facts = Facts(1, False, "", "", "text", "public.users", None, "users")
    database._tables.prepared(facts)
    return database


async def fill_pool(database: Database) -> None:
    async def hold(user: str) -> None:
        async with database.session(user) as session:
            await session.run(SLEEP, {"seconds": 0.1})

    await asyncio.gather(*(hold(f"user {number}") for number in range(POOL_SIZE)))


async def look(database: Database, user: str) -> None:
    """Do what ``Database.check`` does, for a user."""
    async with database.session(user) as session:
        await session.run(statements.CHECK, {})


async def answers(database: Database, times: int = 3 * POOL_SIZE) -> None:
    """Let requests of so many users use every connection."""
    await asyncio.gather(*(look(database, f"user {number}") for number in range(times)))


def administrate(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


async def test_connections_that_the_server_dropped_cost_no_error(
    database: Database, database_url: str
) -> None:
    await fill_pool(database)
    administrate(
        database_url,
        # The second argument: milliseconds to wait for the end of the backend.
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE application_name LIKE 'tasks-api/%%' AND datname = current_database()",
    )
    await answers(database)


async def test_a_restart_while_idle_costs_no_error(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path, {"fsync": "off"})
    with postgres:
        database = Database(url=postgres.url, users_table="users")
        await database.prepare()
        await fill_pool(database)
        url = postgres.url
        postgres.stop()
        with pytest.raises(StorageUnavailable):
            await database.check()
        postgres.start()
        # The socket's folder is another one after each start; a host's name would be the same.
        new, old = (Path(u.split("host=")[1].split("&")[0]) for u in (postgres.url, url))
        old.symlink_to(new)
        try:
            await answers(database)
        finally:
            old.unlink()
        await database.close()


async def test_a_statement_that_takes_too_long_fails_in_time_and_frees_its_connection(
    impatient: float, database: Database
) -> None:
    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        async with database.session(USER) as session:
            await session.run(SLEEP, {"seconds": 60})
    assert time.monotonic() - started < impatient + 1
    await answers(database)


async def test_operations_on_a_frozen_server_fail_in_time_and_later_ones_succeed(
    tmp_path: Path, impatient: float
) -> None:
    with EmbeddedPostgres(tmp_path, {"fsync": "off"}) as postgres:
        database = Database(url=postgres.url, users_table="users")
        await database.prepare()
        await fill_pool(database)
        with frozen(postgres.url):
            started = time.monotonic()
            outcomes = await asyncio.gather(
                *(look(database, f"user {number}") for number in range(5 * POOL_SIZE)),
                return_exceptions=True,
            )
            assert time.monotonic() - started < impatient + 1
            assert all(isinstance(outcome, StorageUnavailable) for outcome in outcomes)
        await answers(database)
        await database.close()


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Stop every process of the server with SIGSTOP; its sockets stay open."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
        data = connection.execute("SHOW data_directory").fetchone()
    assert data is not None
    postmaster = int(Path(data[0], "postmaster.pid").read_text().split()[0])
    pids = [postmaster, *(pid for (pid,) in rows)]
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        # The process of the connection that listed them has ended.
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def test_a_database_that_was_read_only_for_a_while_heals(
    database: Database, database_url: str
) -> None:
    administrate(database_url, "INSERT INTO users (id) VALUES ('ada')")
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    administrate(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    tasks = PostgresTaskRepository(database=database)
    new = NewTask.create(
        user_id="ada", title="Buy milk", description=None, now=SettableClock().now()
    )
    with pytest.raises(StorageUnavailable, match="ReadOnlySqlTransaction"):
        await tasks.add(new)
    administrate(database_url, f"SET transaction_read_only = off; ALTER DATABASE {name} RESET ALL")
    await tasks.add(new)


@pytest.mark.usefixtures("impatient")
async def test_operations_that_wait_for_a_full_pool_fail_in_time(database: Database) -> None:
    release = asyncio.Event()
    held = asyncio.Semaphore(0)

    async def hold(user: str) -> None:
        async with database.session(user):
            held.release()
            await release.wait()

    async with asyncio.TaskGroup() as holders:
        for number in range(POOL_SIZE):
            holders.create_task(hold(f"user {number}"))
            await held.acquire()
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(StorageUnavailable, match="no connection within"):
                await database.check()
        assert time.monotonic() - started < 2.5
        release.set()
    await answers(database)


async def test_an_unreachable_server_raises_storage_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://u:s3cr3t@127.0.0.1:{unused.getsockname()[1]}/tasks"
        database = prepared(Database(url=url, users_table="users"))
        for attempt in (database.check, database.prepare):
            with pytest.raises(StorageUnavailable) as error:
                await attempt()
            assert "Connection refused" in str(error.value)
            assert "s3cr3t" not in str(error.value)
        await database.close()


async def test_a_server_that_accepts_without_responding_fails_in_time(impatient: float) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://u@127.0.0.1:{silent.getsockname()[1]}/tasks?sslmode=disable"
        database = prepared(Database(url=url, users_table="users"))
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await database.check()
        with pytest.raises(StorageUnavailable):
            await database.prepare(within=impatient)
        assert time.monotonic() - started < 2 * impatient + 1
        await database.close()


async def test_a_server_that_stops_responding_after_the_login_fails_in_time(
    impatient: float,
) -> None:
    # Like a pooler that has no free server connection.
    greeting = b"R\0\0\0\x08\0\0\0\0" + b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01" + b"Z\0\0\0\x05I"

    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"postgresql://u@127.0.0.1:{server.getsockname()[1]}/tasks"
        database = prepared(
            Database(url=f"{url}?sslmode=disable&gssencmode=disable", users_table="users")
        )
        checking = asyncio.create_task(database.check())
        connection, _ = await loop.sock_accept(server)
        with connection:
            await loop.sock_recv(connection, 4096)
            await loop.sock_sendall(connection, greeting)
            started = time.monotonic()
            with pytest.raises(StorageUnavailable):
                await checking
            assert time.monotonic() - started < impatient + 1
        assert database._pool.use().used == 0
        await database.close()


@pytest.mark.parametrize(
    "spoil",
    [
        # As when another session's transaction runs between two statements of a pooled session.
        "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$",
        # psycopg numbers the statements that it prepares: this one is 1, the next will be 2.
        "PREPARE _pg3_2 AS SELECT 1",
    ],
)
async def test_a_connection_with_invalid_prepared_statements_is_closed(
    database: Database, spoil: str
) -> None:
    async with database.session(USER) as session:
        await session.run(statements.CHECK if "DEALLOCATE" in spoil else PREPARED, {})
        await session.run(Statement(spoil.encode()), {})
    with pytest.raises(StorageUnavailable, match=r"Prepared|StatementName"):
        await look(database, USER)
    await answers(database)


async def test_the_urls_encoding_does_not_matter(database_url: str) -> None:
    administrate(database_url, "INSERT INTO users (id) VALUES ('ada')")
    database = Database(url=f"{database_url}&client_encoding=latin1", users_table="users")
    await database.prepare()
    tasks = PostgresTaskRepository(database=database)
    new = NewTask.create(
        user_id="ada", title="Buy \U0001f6d2", description=None, now=SettableClock().now()
    )
    task = await tasks.add(new)
    assert (await tasks.get("ada", task.id)).title == "Buy \U0001f6d2"
    await database.close()


async def test_a_missing_schema_is_not_ready_and_then_it_is(empty_database_url: str) -> None:
    database = prepared(Database(url=empty_database_url, migrate_on_start=False))
    with pytest.raises(StorageUnavailable):
        await database.check()
    await database.migrate()
    await database.prepare()
    await database.check()
    await database.close()


async def test_nothing_is_served_from_tables_that_were_not_adopted(empty_database_url: str) -> None:
    administrate(empty_database_url, "CREATE TABLE tasks (id uuid, user_id text)")
    database = Database(url=empty_database_url, users_table="users")
    with pytest.raises(SchemaConflict):
        await database.prepare()
    with pytest.raises(StorageUnavailable):
        await database.check()
    administrate(empty_database_url, "DROP TABLE tasks")
    await database.prepare()
    await database.check()
    await database.close()


@pytest.fixture
def held_lock(empty_database_url: str) -> Iterator[psycopg.Connection]:
    """Another process prepares the schema and does not finish."""
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [migrating._LOCK])
        yield connection


async def test_preparing_ends_within_its_time_limit(
    empty_database_url: str, held_lock: psycopg.Connection
) -> None:
    database = Database(url=empty_database_url, users_table="users")
    started = time.monotonic()
    with pytest.raises(StorageUnavailable):
        await database.prepare(within=0.3)
    assert time.monotonic() - started < 1.3
    held_lock.rollback()
    await database.prepare(within=5)
    await database.check()
    await database.close()


async def test_closing_gives_up_a_preparation_that_waits(
    empty_database_url: str, held_lock: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    database = Database(url=empty_database_url, users_table="users")
    preparation = asyncio.create_task(database.prepare())
    await until(lambda: "waiting for another process" in caplog.text)
    waiting = (
        "SELECT FROM pg_locks JOIN pg_database ON oid = database "
        "WHERE datname = current_database() AND NOT granted"
    )
    await until(lambda: held_lock.execute(waiting).rowcount == 1)
    started = time.monotonic()
    await database.close()
    with pytest.raises(StorageUnavailable):
        await preparation
    assert time.monotonic() - started < 1


async def test_a_statement_that_the_database_refuses_is_unavailable_without_the_row(
    database: Database, database_url: str
) -> None:
    administrate(database_url, "INSERT INTO users (id) VALUES ('ada')")
    values = {
        "owner": "ada",
        "title": "s3cr3t" * 50,
        "title_key": "",
        "description": None,
        "now": "2026-01-01Z",
    }
    with pytest.raises(StorageUnavailable, match=r"CheckViolation \(23514\)") as error:
        async with database.session(USER) as session:
            await session.run(statements.INSERT, values)
    assert error.value.__cause__ is None
    await answers(database)


async def test_times_are_utc_with_any_time_zone_of_the_server(
    database: Database, database_url: str
) -> None:
    administrate(database_url, "INSERT INTO users (id) VALUES ('ada')")
    administrate(
        database_url,
        "INSERT INTO tasks (user_id, title, created_at, updated_at) "
        "VALUES ('ada', 't', '2026-07-01 12:00Z', '2026-07-02 12:00Z')",
    )
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    administrate(database_url, f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    tasks = PostgresTaskRepository(database=database)
    [task] = await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
    assert task.created_at.isoformat() == "2026-07-01T12:00:00+00:00"
    assert task.updated_at.isoformat() == "2026-07-02T12:00:00+00:00"


async def test_statements_are_prepared_once_on_a_direct_connection(database: Database) -> None:
    # Through a pooler they are not: see test_pooler.py.
    async with database.session(USER) as session:
        for _ in range(3):
            await session.run(statements.CHECK, {})
        rows = await session.run(PREPARED, {})
    texts = [text for (text,) in rows]
    assert texts == [statements.CHECK.text.decode(), PREPARED.text.decode()]


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:s3cr3t%zz@host/db", "postgresql://host/db?s3cr3t=1", "postgresql://[x/db"],
)
def test_an_invalid_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InvalidConfiguration, match="NEON_DB_URL") as error:
        Database(url=url, users_table="users")
    assert "s3cr3t" not in str(error.value)
    assert error.value.__suppress_context__


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
async def test_every_parameter_of_the_url_is_kept(scheme: str, database_url: str) -> None:
    given = psycopg.conninfo.conninfo_to_dict(database_url)
    url = (
        f"{scheme}://{given['user']}@/{given['dbname']}?host={given['host']}&port={given['port']}"
        "&sslmode=allow&channel_binding=disable&application_name=mine&options=-c%20work_mem%3D5MB"
    )
    connection = await Dsn(url).connect(autocommit=True)
    parameters = connection.info.get_parameters()
    assert parameters["sslmode"] == "allow"
    assert parameters["channel_binding"] == "disable"
    assert parameters["application_name"] == "mine"
    row = await (await connection.execute("SHOW work_mem")).fetchone()
    assert row == ("5MB",)
    await connection.close()


CHANGED_TABLES = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
    errors.InvalidTextRepresentation,
    errors.NumericValueOutOfRange,
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.WrongObjectType,
    errors.FeatureNotSupported,
    errors.NotNullViolation,
    errors.CheckViolation,
    errors.UniqueViolation,
    errors.ExclusionViolation,
)
STALE_SESSION = (
    errors.ReadOnlySqlTransaction,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
)


@pytest.mark.parametrize(
    "error", [*CHANGED_TABLES, *STALE_SESSION[:3], errors.DivisionByZero], ids=lambda e: e.__name__
)
async def test_an_error_has_the_consequences_that_mend_its_cause(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: type[psycopg.Error]
) -> None:
    prepared_again = []
    monkeypatch.setattr(database._tables, "failed", lambda: prepared_again.append(error))
    with pytest.raises(StorageUnavailable):
        async with database.session(USER) as connection:
            raise error
    assert bool(prepared_again) is (error in CHANGED_TABLES)
    assert connection.closed is (error in STALE_SESSION)


async def test_a_peer_that_is_gone_is_noticed_within_a_minute_unless_the_url_says_otherwise(
    database_url: str,
) -> None:
    defaults = {
        "connect_timeout": "6",
        "keepalives_idle": "30",
        "keepalives_interval": "5",
        "keepalives_count": "3",
    }
    for query, expected in (("", defaults), ("&keepalives_idle=7", {"keepalives_idle": "7"})):
        connection = await Dsn(database_url + query).connect(autocommit=True)
        assert connection.info.get_parameters().items() >= expected.items()
        await connection.close()
