"""A separate file for each test."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from examples.sqlite_storage import SqliteStorage
from tests.contract.conftest import USERS


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "tasks.db")


@pytest.fixture
def storage(path: str) -> SqliteStorage:
    """A storage that is not prepared yet and has not opened the file."""
    return SqliteStorage(path)


@pytest.fixture
async def prepared(storage: SqliteStorage, path: str) -> AsyncIterator[SqliteStorage]:
    """An empty storage whose users are USERS."""
    await storage.prepare()
    add_users(path, *USERS)
    yield storage
    await storage.close()


def add_users(path: str, *users: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO users (id) VALUES (?)", [(user,) for user in users])
