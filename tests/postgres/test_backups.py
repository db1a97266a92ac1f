"""The commands in docs/deploy.md that back up a database, run unchanged."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.documents.blocks import blocks
from tests.faults.postgres import DEBIANS, Postgres, require_debians
from tests.postgres.test_adoption import BETTER_AUTH
from tests.postgres.test_schema import definition, execute, new_id, prepare, rows
from tests.process.service import environment

pytestmark = [pytest.mark.postgres, pytest.mark.process]

# As after "Two roles", except for the passwords.
ROLES: Final = """
    CREATE ROLE tasks_migrate; CREATE ROLE tasks_serve;
    ALTER TABLE tasks OWNER TO tasks_migrate;
    ALTER TABLE tasks_api_schema_version OWNER TO tasks_migrate;
    GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO tasks_serve;
    GRANT SELECT ON tasks_api_schema_version TO tasks_serve;
"""
# The newest task was deleted: its id must not be reused.
TASKS: Final = """
    INSERT INTO tasks (user_id, title, title_key, description, completed, updated_at)
        SELECT CASE WHEN n % 2 = 0 THEN 'ada' ELSE 'bob' END, 'Milch für ' || n || ' 😀',
            'milch fur ' || n || ' 😀',
            CASE WHEN n % 3 = 0 THEN E'a line\\nand another' END, n % 5 = 0,
            timestamptz '2026-11-21 12:30:15.123456+00' + n * interval '1 minute'
        FROM generate_series(1, 100) n;
    DELETE FROM tasks WHERE id = 100
"""
EVERYTHING: Final = (
    "SELECT * FROM tasks ORDER BY id",
    "SELECT * FROM users ORDER BY id",
    "SELECT * FROM session ORDER BY id",
    "SELECT * FROM tasks_api_schema_version",
)


@contextmanager
def empty_database(folder: Path, name: str) -> Iterator[str]:
    """Start a new server on ``folder`` and yield the URL of an empty database."""
    require_debians()
    folder.mkdir()
    with Postgres(folder, debians=True) as server:
        server.administrate(f"CREATE DATABASE {name} TEMPLATE template0")
        yield server.url(name)


@pytest.fixture
def direct_url(tmp_path: Path) -> Iterator[str]:
    """A database with Better Auth's tables, tasks, and roles that exist on no other server."""
    with empty_database(tmp_path / "here", "tasks") as url:
        execute(url, BETTER_AUTH.format(users="users"))
        asyncio.run(prepare(url))
        execute(url, ROLES)
        execute(url, TASKS)
        yield url


@pytest.fixture
def elsewhere_url(tmp_path: Path) -> Iterator[str]:
    """An empty database of another server."""
    with empty_database(tmp_path / "elsewhere", "restored") as url:
        yield url


def follow(folder: Path, **settings: str) -> None:
    """Run the document's block of commands with these settings."""
    [block] = [block for block in blocks(Path("docs/deploy.md")) if "pg_dump" in block.text]
    programs = os.pathsep.join([str(DEBIANS), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder,
        env=environment(**settings, PATH=programs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_documents_commands_restore_every_task_on_another_server(
    direct_url: str, elsewhere_url: str, tmp_path: Path
) -> None:
    stored = [rows(direct_url, query) for query in EVERYTHING]
    assert len(stored[0]) == 99

    follow(tmp_path, DIRECT_URL=direct_url, EMPTY_DATABASE_URL=elsewhere_url)

    assert [rows(elsewhere_url, query) for query in EVERYTHING] == stored
    assert definition(elsewhere_url) == definition(direct_url)
    assert asyncio.run(new_id(elsewhere_url)) == 101
