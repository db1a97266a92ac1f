"""Every storage adapter. An adapter kept elsewhere overrides these fixtures."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.memory.life_cycle import MemoryStorage
from adapters.memory.task_repository import MemoryTaskRepository
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from application.ports.storage import Storage
from application.ports.task_repository import TaskRepository

USERS = ("ada", "bob", "ü/\u2028 \U0001f600")
ADAPTERS = (
    "memory",
    pytest.param("postgres", marks=(pytest.mark.postgres, pytest.mark.conformance)),
)


@pytest.fixture(params=ADAPTERS)
def url(request: pytest.FixtureRequest) -> str | None:
    """The URL of a database with USERS, or None for a repository in memory.

    A fixture of its own: preparing the database runs an event loop, which no asynchronous fixture
    can start.
    """
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue("database_url")
    add_users(url, *USERS)
    return url


@pytest.fixture
async def tasks(url: str | None) -> AsyncIterator[TaskRepository]:
    """An empty repository that knows exactly USERS."""
    if url is None:
        yield MemoryTaskRepository(users=USERS)
        return
    database = Database(
        url=url,
    )
    await database.prepare()
    yield PostgresTaskRepository(
        database=database,
    )
    await database.close()


@pytest.fixture(params=ADAPTERS)
def storage(request: pytest.FixtureRequest) -> Storage:
    """A storage that has not been prepared."""
    if request.param == "memory":
        return MemoryStorage()
    return Database(
        url=request.getfixturevalue("empty_database_url"),
    )


def add_users(url: str, *users: str) -> None:
    # A pooler may run the statement that another connection has prepared.
    with psycopg.connect(url, prepare_threshold=None) as connection:
        connection.cursor().executemany(
            "INSERT INTO users (id) VALUES (%s)", [(user,) for user in users]
        )
