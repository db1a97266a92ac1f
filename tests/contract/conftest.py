"""Every storage adapter. One that is kept elsewhere runs the suite with fixtures of its own."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.memory.storage import MemoryStorage
from adapters.memory.task_repository import MemoryTaskRepository
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from application.ports.storage import Storage
from application.ports.task_repository import TaskRepository

USERS = ("ada", "bob", "ü/\u2028 \U0001f600")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
async def tasks(request: pytest.FixtureRequest) -> AsyncIterator[TaskRepository]:
    """An empty repository that knows USERS and nobody else."""
    if request.param == "memory":
        yield MemoryTaskRepository(users=USERS)
        return
    url: str = request.getfixturevalue("database_url")
    add_users(url, *USERS)
    database = Database(url=url, users_table="users")
    await database.prepare()
    yield PostgresTaskRepository(database=database, users_table="users")
    await database.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def storage(request: pytest.FixtureRequest) -> Storage:
    """A storage that nobody has prepared yet."""
    if request.param == "memory":
        return MemoryStorage()
    return Database(url=request.getfixturevalue("empty_database_url"), users_table="users")


def add_users(url: str, *users: str) -> None:
    with psycopg.connect(url) as connection:
        connection.cursor().executemany(
            "INSERT INTO users (id) VALUES (%s)", [(user,) for user in users]
        )
