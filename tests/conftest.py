"""Fixtures that all suites share."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.embedded.server import EmbeddedPostgres
from adapters.postgres.database import Database
from tests.conformance.given import GIVEN

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_numbers = count(1)

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a file system in memory, of Linux
_MEMORY_NEEDED: Final = 2 << 30
"""Bytes: for the data of the server, its WAL, and the databases of a few tests."""


@contextmanager
def new_database(server_url: str, *, template: str) -> Iterator[str]:
    """Create a database from ``template``, yield its URL and drop it."""
    name = f"test_{next(_numbers)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    maintenance = make_conninfo(server_url, dbname="postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(create)
    yield server_url.replace("/tasks?", f"/{name}?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(drop)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, like the service."""
    return "asyncio"


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Yield a temporary folder in memory if there is room, otherwise on the disk.

    A database has 300 files. A disk takes ten times as long to copy them, once for every test.
    """
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
    with TemporaryDirectory(prefix="tasks-api-", dir=_MEMORY if in_memory else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL for the whole run, without syncing to the disk, to be fast."""
    options = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "128MB",
    }
    with quick_folder() as folder, EmbeddedPostgres(folder, options) as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_template(postgres_server: EmbeddedPostgres) -> str:
    asyncio.run(Database(url=postgres_server.url, users_table="users").prepare())
    return "tasks"


NewDatabase = Callable[[], AbstractContextManager[str]]
"""Provides a database, yields its URL and removes it."""


@pytest.fixture(scope="session")
def _empty(request: pytest.FixtureRequest) -> NewDatabase:
    if (given := request.config.stash.get(GIVEN, None)) is not None:
        return given.emptied
    server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
    return partial(new_database, server.url, template="template0")


@pytest.fixture(scope="session")
def _migrated(request: pytest.FixtureRequest) -> NewDatabase:
    if (given := request.config.stash.get(GIVEN, None)) is not None:
        return given.migrated
    server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("_migrated_template")
    return partial(new_database, server.url, template=template)


@pytest.fixture
def empty_database_url(_empty: NewDatabase) -> Iterator[str]:
    """The URL of a new database, or of the given one, without tables."""
    with _empty() as url:
        yield url


@pytest.fixture
def database_url(_migrated: NewDatabase) -> Iterator[str]:
    """The URL of a new database, or of the given one, with the tables, which are empty."""
    with _migrated() as url:
        yield url
