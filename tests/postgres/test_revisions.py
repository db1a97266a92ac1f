"""Upgrades and downgrades, with a newest revision that exists only in these tests."""

import logging
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from adapters.postgres import history
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import InvalidConfiguration, StorageUnavailable
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask
from tests.postgres.test_schema import VERSION_TABLE, definition, execute, rows, snapshot

pytestmark = [pytest.mark.postgres, pytest.mark.conformance]

HEAD = ScriptDirectory(str(history.MIGRATIONS)).get_current_head()
"""The program's newest revision."""
NEWER = "9999"
_MIGRATION = f'''"""Give every task a colour."""

import sqlalchemy as sa
from alembic import op

revision = "{NEWER}"
down_revision = "{HEAD}"


def upgrade(users) -> None:
    op.add_column("tasks", sa.Column("colour", sa.Text, nullable=False, server_default="grey"))


def downgrade(users) -> None:
    op.drop_column("tasks", "colour")
'''
TASKS = "SELECT id, user_id, title, completed, created_at, updated_at FROM tasks ORDER BY id"


@pytest.fixture
def newer_program(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Add a revision to the program's, which has migrated the database, until the test ends."""
    assert revision(database_url) == HEAD
    # Alembic's configuration gives a % a meaning, and a checkout may be in such a folder.
    migrations = tmp_path / "100%" / "migrations"
    shutil.copytree(history.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / f"{NEWER}_colours.py").write_text(_MIGRATION)
    monkeypatch.setattr(history, "MIGRATIONS", migrations)
    return monkeypatch


def revision(url: str) -> str:
    [(found,)] = rows(url, f"SELECT version_num FROM {VERSION_TABLE}")
    return str(found)


def fill(url: str) -> None:
    execute(
        url,
        """INSERT INTO users (id) VALUES ('ada'), ('bob');
        INSERT INTO tasks (user_id, title, completed)
        SELECT CASE n % 2 WHEN 0 THEN 'ada' ELSE 'bob' END, 'title ' || n, n % 3 = 0
        FROM generate_series(1, 1000) n""",
    )


async def test_upgrade_downgrade_and_upgrade_keep_every_task(
    database_url: str, newer_program: pytest.MonkeyPatch
) -> None:
    fill(database_url)
    stored, defined = rows(database_url, TASKS), definition(database_url)
    database = Database(url=database_url, users_table="users")

    await database.migrate()
    assert revision(database_url) == NEWER
    assert rows(database_url, "SELECT DISTINCT colour FROM tasks") == [("grey",)]
    upgraded = definition(database_url)

    await database.migrate(to=HEAD)
    assert revision(database_url) == HEAD
    assert rows(database_url, TASKS) == stored
    assert definition(database_url) == defined

    await database.migrate(to=NEWER)
    assert rows(database_url, TASKS) == stored
    assert definition(database_url) == upgraded


async def test_an_older_program_serves_on_a_newer_schema_and_leaves_it_as_it_is(
    database_url: str, newer_program: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill(database_url)
    await Database(url=database_url, users_table="users").migrate()
    newer_program.undo()
    before = snapshot(database_url)

    for migrate_on_start in (True, False):
        caplog.clear()
        database = Database(
            url=database_url, users_table="users", migrate_on_start=migrate_on_start
        )
        await database.prepare()
        await database.check()
        [warning] = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
        assert f"revision {NEWER}, made by a newer program" in warning.getMessage()
        assert snapshot(database_url) == before
        await database.close()

    database = Database(url=database_url, users_table="users")
    await database.prepare()
    tasks = PostgresTaskRepository(database=database)
    new = NewTask.create(user_id="ada", title="x", description=None, now=datetime.now(UTC))
    added = await tasks.add(new)
    assert added in await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
    await database.close()


async def test_an_older_program_cannot_downgrade_from_an_unknown_revision(
    database_url: str, newer_program: pytest.MonkeyPatch
) -> None:
    database = Database(url=database_url, users_table="users")
    await database.migrate()
    newer_program.undo()

    with pytest.raises(InvalidConfiguration, match=f"{NEWER}, which is newer than this program"):
        await database.migrate(to=HEAD)

    assert revision(database_url) == NEWER


@pytest.mark.usefixtures("newer_program")
async def test_a_newer_program_does_not_serve_on_an_older_schema_that_it_may_not_change(
    database_url: str,
) -> None:
    database = Database(url=database_url, users_table="users", migrate_on_start=False)

    with pytest.raises(StorageUnavailable, match=f"revision {HEAD} and has to be at {NEWER}"):
        await database.prepare()

    assert revision(database_url) == HEAD


@pytest.mark.parametrize("unknown", [NEWER, "base", "head", "-1", "", f"{HEAD};"])
async def test_an_unknown_revision_is_refused(database_url: str, unknown: str) -> None:
    before = snapshot(database_url)

    with pytest.raises(InvalidConfiguration, match="there is no revision"):
        await Database(url=database_url, users_table="users").migrate(to=unknown)

    assert snapshot(database_url) == before


@pytest.mark.usefixtures("newer_program")
async def test_a_migration_that_waits_for_a_lock_gives_up(database_url: str) -> None:
    database = Database(url=database_url, users_table="users")
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM tasks")
        began = time.monotonic()
        with pytest.raises(StorageUnavailable, match="another session holds a lock"):
            await database.prepare(within=9)
        assert time.monotonic() - began < 10
    assert revision(database_url) == HEAD

    await database.prepare()

    assert revision(database_url) == NEWER
    await database.close()
