"""Behaviour of a file beyond the contract."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from application.errors import SchemaConflict, StorageUnavailable
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask
from examples.sqlite_storage import SqliteStorage

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
TASK = NewTask.create(user_id="ada", title="Buy milk", description=None, now=NOON)


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@asynccontextmanager
async def another_process(path: str, patience: float = 5) -> AsyncIterator[SqliteStorage]:
    """A second connection to the same file, as another process has it."""
    storage = SqliteStorage(path, patience=patience)
    await storage.prepare()
    yield storage
    await storage.close()


async def test_tasks_outlive_the_process(prepared: SqliteStorage, path: str) -> None:
    added = await prepared.add(TASK)
    async with another_process(path) as other:
        assert await other.list("ada", StatusFilter.ALL, SortOrder.CREATED) == [added]


async def test_any_number_of_processes_may_start_at_once(path: str) -> None:
    starting = [SqliteStorage(path) for _ in range(20)]
    await asyncio.gather(*(storage.prepare() for storage in starting))
    for storage in starting:
        await storage.check()
        await storage.close()


async def test_processes_that_share_a_file_lose_no_update(
    prepared: SqliteStorage, path: str
) -> None:
    added = await prepared.add(TASK)
    async with another_process(path) as other:
        await asyncio.gather(
            *(
                either.update("ada", added.id, lambda task: task.toggle(now=NOON))
                for either in (prepared, other) * 50
            )
        )
    # Each change has read the one before it: no step of a microsecond is missing.
    final = await prepared.get("ada", added.id)
    assert final.updated_at == NOON + timedelta(microseconds=100)


async def test_a_file_that_stays_locked_is_unavailable(prepared: SqliteStorage, path: str) -> None:
    async with another_process(path, patience=0.05) as impatient:
        with opened(path) as file:
            file.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StorageUnavailable):
                await impatient.add(TASK)
            await impatient.check()  # reads still work
        added = await impatient.add(TASK)
    assert await prepared.get("ada", added.id) == added


async def test_every_operation_fails_before_prepare(prepared: SqliteStorage, path: str) -> None:
    await prepared.check()
    storage = SqliteStorage(path)
    for operation in (
        storage.check(),
        storage.add(TASK),
        storage.get("ada", 1),
        storage.list("ada", StatusFilter.ALL, SortOrder.CREATED),
        storage.fingerprint("ada", StatusFilter.ALL),
        storage.update("ada", 1, lambda task: task),
        storage.delete("ada", 1),
    ):
        with pytest.raises(StorageUnavailable):
            await operation


@pytest.mark.parametrize("statement", ["CREATE TABLE tasks (id)", "PRAGMA user_version = 7"])
async def test_a_file_with_foreign_tables_is_not_changed(
    storage: SqliteStorage, path: str, statement: str
) -> None:
    users = "SELECT name FROM sqlite_schema WHERE name = 'users'"
    with opened(path) as file:
        file.execute(statement)
        with pytest.raises(SchemaConflict):
            await storage.prepare()
        assert file.execute(users).fetchall() == []
    await storage.close()


async def test_deleting_a_user_deletes_their_tasks(prepared: SqliteStorage, path: str) -> None:
    await prepared.add(TASK)
    with opened(path) as file:
        file.execute("PRAGMA foreign_keys = ON")
        file.execute("DELETE FROM users")
    assert await prepared.list("ada", StatusFilter.ALL, SortOrder.CREATED) == []
