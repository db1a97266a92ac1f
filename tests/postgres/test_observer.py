"""The reports of a Database to its observer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres import session as session_module
from adapters.postgres import statements
from adapters.postgres.connect_failure import ConnectFailed
from adapters.postgres.database import Database
from adapters.postgres.driver import DeadlineExceeded
from adapters.postgres.observer import PoolUse
from adapters.postgres.pool import POOL_SIZE
from adapters.postgres.statements import Statement
from application.errors import StorageUnavailable
from tests.postgres.test_schema import execute

pytestmark = pytest.mark.postgres


class Watcher:
    """Records the reports."""

    def __init__(self) -> None:
        self.statements: list[bytes] = []
        self.waits: list[float] = []
        self.errors: list[Exception] = []
        self.revisions: list[str] = []
        self.connects = 0
        self.use: Callable[[], PoolUse]

    def watch_pool(self, use: Callable[[], PoolUse]) -> None:
        self.use = use

    def serves(self, revision: str) -> None:
        self.revisions.append(revision)

    @contextmanager
    def connecting(self) -> Iterator[None]:
        self.connects += 1
        yield

    def got_connection(self, seconds: float) -> None:
        self.waits.append(seconds)

    def no_connection(self, seconds: float, error: Exception) -> None:
        self.errors.append(error)

    @contextmanager
    def statement(self, text: bytes) -> Iterator[None]:
        self.statements.append(text)
        try:
            yield
        except psycopg.Error as error:
            self.errors.append(error)
            raise


async def test_the_pool_reports_used_connections_and_waiting_operations(
    database_url: str,
) -> None:
    watcher = Watcher()
    database = Database(url=database_url, users_table="users", observer=watcher)
    await database.prepare()
    assert watcher.use() == PoolUse(used=0, idle=0, limit=POOL_SIZE, waiting=0)
    async with AsyncExitStack() as stack:
        for number in range(POOL_SIZE):
            await stack.enter_async_context(database.session(f"user {number}"))
        waiting = [asyncio.create_task(database.check()) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert watcher.use() == PoolUse(used=POOL_SIZE, idle=0, limit=POOL_SIZE, waiting=3)
    await asyncio.gather(*waiting)
    assert watcher.use() == PoolUse(used=0, idle=POOL_SIZE, limit=POOL_SIZE, waiting=0)
    assert watcher.connects == POOL_SIZE
    assert watcher.revisions == ["0001"]
    assert len(watcher.waits) == POOL_SIZE + 3
    assert min(watcher.waits[-3:]) >= 0.04
    assert sorted(watcher.statements) == sorted([statements.FACTS.text, statements.CHECK.text] * 3)
    await database.close()


async def test_a_failed_statement_is_reported_to_the_observer(database_url: str) -> None:
    watcher = Watcher()
    database = Database(url=database_url, users_table="users", observer=watcher)
    await database.prepare()
    with pytest.raises(StorageUnavailable):
        async with database.session("ada") as session:
            await session.run(Statement(b"SELECT nothing"), {})
    assert [type(error) for error in watcher.errors] == [psycopg.errors.UndefinedColumn]
    await database.close()


async def test_a_statement_that_is_given_up_is_reported_as_late(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher()
    database = Database(url=database_url, users_table="users", observer=watcher)
    await database.prepare()
    monkeypatch.setattr(session_module, "ANSWER_WITHIN", 0.3)
    with pytest.raises(StorageUnavailable) as caught:
        async with database.session("ada") as session:
            await session.run(Statement(b"SELECT pg_sleep(5)"), {})
    assert [type(error) for error in watcher.errors] == [DeadlineExceeded]
    assert isinstance(caught.value.__cause__, DeadlineExceeded)
    await database.close()


async def test_an_operation_without_a_connection_is_reported_to_the_observer(
    database_url: str,
) -> None:
    watcher = Watcher()
    parameters = conninfo_to_dict(database_url)
    database = Database(url=database_url, users_table="users", observer=watcher)
    await database.prepare()
    maintenance = make_conninfo(database_url, dbname="postgres")
    execute(maintenance, _RENAME % (parameters["dbname"], "away"))
    try:
        with pytest.raises(StorageUnavailable):
            await database.check()
    finally:
        execute(maintenance, _RENAME % ("away", parameters["dbname"]))
    assert [type(error) for error in watcher.errors] == [ConnectFailed]
    assert watcher.waits == []
    await database.close()


_RENAME = 'ALTER DATABASE "%s" RENAME TO "%s"'


async def test_a_wait_for_a_full_pool_that_ends_late_is_reported(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = Watcher()
    database = Database(url=database_url, observer=watcher)
    await database.prepare()
    async with AsyncExitStack() as held:
        for number in range(POOL_SIZE):
            await held.enter_async_context(database.session(f"user {number}"))
        monkeypatch.setattr(session_module, "ANSWER_WITHIN", 0.05)
        watcher.errors.clear()
        with pytest.raises(StorageUnavailable):
            await database.session("one more").__aenter__()
        assert [type(error) for error in watcher.errors] == [TimeoutError]
    await database.close()
