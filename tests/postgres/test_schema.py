"""Migrations create the schema in an empty database, and only once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    GeneratedAlways,
    NotNullViolation,
    NullValueNotAllowed,
    UniqueViolation,
)
from sqlmodel import SQLModel

from adapters.postgres import migrating, tables
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from adapters.postgres.users_table import find_users
from application.errors import SchemaConflict, StorageUnavailable
from domain.task import DESCRIPTION_MAX, TITLE_MAX, TITLE_MIN, NewTask

pytestmark = pytest.mark.postgres

VERSION_TABLE: Final = "tasks_api_schema_version"
NAMES: Final = ("users", "user", "AppUser", 'order by "ü"')
EMOJI: Final = "\U0001f600"

EMPTY_SCHEMA: Final = """
    DO $$ DECLARE own name := current_schema(); BEGIN
        EXECUTE format('DROP SCHEMA %I CASCADE', own);
        EXECUTE format('CREATE SCHEMA %I', own);
    END $$;
"""
"""Drops everything in the schema in which tables are made."""


def _in_ours(schema: str) -> str:
    """SQL for whether ``schema`` is compared. In a given database, only that of the tables is."""
    others = f"{schema} NOT LIKE 'pg\\_%' AND {schema} <> 'information_schema'"
    return f"({schema} = current_schema() OR (current_schema() = 'public' AND {others}))"


_OURS: Final = _in_ours("nspname")
_DEFINITIONS: Final = {
    "columns": f"""
        SELECT table_name, column_name, data_type, character_maximum_length, datetime_precision,
               collation_name, is_nullable, column_default, identity_generation,
               generation_expression
        FROM information_schema.columns
        WHERE {_in_ours("table_schema")} ORDER BY 1, 2""",
    # PostgreSQL 18 also lists each NOT NULL, which the columns above contain already.
    "constraints": f"""
        SELECT relname, conname, convalidated, condeferrable, pg_get_constraintdef(c.oid)
        FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
        JOIN pg_namespace n ON n.oid = relnamespace
        WHERE contype <> 'n' AND {_OURS} ORDER BY 1, 2""",
    "indexes": f"""
        SELECT t.relname, i.relname, indisvalid, pg_get_indexdef(i.oid)
        FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
        JOIN pg_namespace n ON n.oid = i.relnamespace WHERE {_OURS} ORDER BY 1, 2""",
    "triggers": f"""
        SELECT tgrelid::regclass::text, pg_get_triggerdef(g.oid)
        FROM pg_trigger g JOIN pg_class t ON t.oid = tgrelid
        JOIN pg_namespace n ON n.oid = relnamespace
        WHERE NOT tgisinternal AND {_OURS} ORDER BY 1, 2""",
    "sequences": f"""
        SELECT sequencename, data_type, start_value, min_value, max_value, increment_by, cycle
        FROM pg_sequences WHERE {_in_ours("schemaname")} ORDER BY 1""",
}
# A table that is rewritten, or dropped and created again, gets other numbers here.
_IDENTITIES: Final = {
    "relations": f"""
        SELECT relname, relkind, c.oid, relfilenode
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {_OURS} ORDER BY 1""",
    "numbers": f"""
        SELECT sequencename, last_value FROM pg_sequences
        WHERE {_in_ours("schemaname")} ORDER BY 1""",
}
_TABLES: Final = f"""
    SELECT nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND {_OURS} ORDER BY 1, 2"""

Facts = dict[str, list[tuple[Any, ...]]]


def definition(url: str, *, table: str | None = None) -> Facts:
    """Return all definitions in the database or of one table."""
    with psycopg.connect(url) as connection:
        found = {name: connection.execute(query).fetchall() for name, query in _DEFINITIONS.items()}
    if table is None:
        return found
    return {name: [fact for fact in facts if fact[0] == table] for name, facts in found.items()}


def snapshot(url: str) -> Facts:
    """Return the contents of the database: definitions, rows, and their files."""
    found = definition(url)
    with psycopg.connect(url) as connection:
        for name, query in _IDENTITIES.items():
            found[name] = connection.execute(query).fetchall()
        tables = connection.execute(_TABLES).fetchall()
        for schema, name in tables:
            read = sql.SQL("SELECT t::text FROM {} t ORDER BY 1")
            rows = connection.execute(read.format(sql.Identifier(schema, name)))
            found[f"rows of {schema}.{name}"] = rows.fetchall()
    return found


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


async def prepare(url: str, users_table: str = "users") -> None:
    await Database(url=url, users_table=users_table).prepare()


@asynccontextmanager
async def repository(url: str, users_table: str = "users") -> AsyncIterator[PostgresTaskRepository]:
    """The repository of a database that is prepared for it, as at every start."""
    database = Database(url=url, users_table=users_table)
    await database.prepare()
    try:
        yield PostgresTaskRepository(database=database)
    finally:
        await database.close()


@contextmanager
def transaction(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        yield connection


@pytest.mark.conformance
async def test_an_empty_database_gets_users_and_tasks(empty_database_url: str) -> None:
    await prepare(empty_database_url)

    tables_there = {fact[0] for fact in definition(empty_database_url)["columns"]}
    assert tables_there == {"users", "tasks", VERSION_TABLE}


@pytest.mark.conformance
async def test_users_have_three_columns_and_a_unique_email(empty_database_url: str) -> None:
    await prepare(empty_database_url)

    users = definition(empty_database_url, table="users")
    assert [(column[1], column[2], column[6]) for column in users["columns"]] == [
        ("email", "text", "YES"),
        ("id", "text", "NO"),
        ("name", "text", "YES"),
    ]
    assert [constraint[4] for constraint in users["constraints"]] == [
        "UNIQUE (email)",
        "PRIMARY KEY (id)",
    ]


@pytest.mark.conformance
@pytest.mark.parametrize("users_table", NAMES)
async def test_preparing_again_changes_nothing(empty_database_url: str, users_table: str) -> None:
    await prepare(empty_database_url, users_table)
    before = snapshot(empty_database_url)

    await prepare(empty_database_url, users_table)

    assert snapshot(empty_database_url) == before


async def test_the_migrations_make_what_the_models_declare(
    database_url: str, empty_database_url: str
) -> None:
    with transaction(empty_database_url) as connection:
        SQLModel.metadata.create_all(connection)

    migrated = definition(database_url)
    for facts in migrated.values():
        facts[:] = [fact for fact in facts if fact[0] != VERSION_TABLE]
    assert migrated == definition(empty_database_url)


@pytest.mark.conformance
def test_autogenerate_has_nothing_to_add_to_the_migrations(database_url: str) -> None:
    options = {"compare_server_default": True, "version_table": VERSION_TABLE}
    with transaction(database_url) as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.TaskRow.metadata) == []


@pytest.mark.conformance
@pytest.mark.parametrize("character", ["a", EMOJI], ids=["ASCII", "astral"])
@pytest.mark.parametrize(
    ("title", "description"),
    [
        (TITLE_MIN, None),
        (TITLE_MAX, None),
        (TITLE_MIN, 0),
        (TITLE_MAX, DESCRIPTION_MAX),
    ],
)
def test_texts_within_the_domains_limits_are_stored(
    database_url: str, title: int, description: int | None, character: str
) -> None:
    _insert(database_url, character, title, description)


@pytest.mark.conformance
@pytest.mark.parametrize("character", ["a", EMOJI], ids=["ASCII", "astral"])
@pytest.mark.parametrize(
    ("title", "description"),
    [
        (TITLE_MIN - 1, None),
        (TITLE_MAX + 1, None),
        (TITLE_MIN, DESCRIPTION_MAX + 1),
    ],
)
def test_texts_beyond_the_domains_limits_are_refused(
    database_url: str, title: int, description: int | None, character: str
) -> None:
    with pytest.raises(CheckViolation):
        _insert(database_url, character, title, description)


def _insert(url: str, character: str, title: int, description: int | None) -> None:
    texts = (character * title, None if description is None else character * description)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
        connection.execute(
            "INSERT INTO tasks (user_id, title, description) VALUES ('ada', %s, %s)", texts
        )


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO tasks (user_id, title) VALUES ('nobody', 'x')", ForeignKeyViolation),
        # The second is the form of an engine that distributes by this column.
        (
            "INSERT INTO tasks (user_id, title) VALUES (NULL, 'x')",
            (NotNullViolation, NullValueNotAllowed),
        ),
        ("INSERT INTO tasks (user_id) VALUES ('ada')", NotNullViolation),
        ("INSERT INTO tasks (id, user_id, title) VALUES (7, 'ada', 'x')", GeneratedAlways),
        ("INSERT INTO users (id) VALUES ('ada')", UniqueViolation),
        ("INSERT INTO users (id, email) VALUES ('bob', 'ada@example.com')", UniqueViolation),
    ],
)
def test_rows_that_break_the_relation_are_refused(
    database_url: str, statement: str, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    execute(database_url, "INSERT INTO users (id, email) VALUES ('ada', 'ada@example.com')")
    with pytest.raises(error):
        execute(database_url, statement)


@pytest.mark.conformance
def test_a_row_gets_its_defaults(database_url: str) -> None:
    execute(database_url, "INSERT INTO users (id) VALUES ('ada')")
    execute(database_url, "INSERT INTO tasks (user_id, title) VALUES ('ada', 'x')")

    [(task_id, description, completed, created_at, updated_at)] = rows(
        database_url, "SELECT id, description, completed, created_at, updated_at FROM tasks"
    )
    assert (task_id, description, completed) == (1, None, False)
    assert created_at == updated_at
    assert abs((datetime.now(UTC) - created_at).total_seconds()) < 60


@pytest.mark.conformance
@pytest.mark.parametrize("users_table", NAMES)
async def test_a_deleted_user_takes_along_their_own_tasks_only(
    empty_database_url: str, users_table: str
) -> None:
    await prepare(empty_database_url, users_table)
    users = sql.Identifier(users_table)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(sql.SQL("INSERT INTO {} (id) VALUES ('ada'), ('bob')").format(users))
        connection.execute(
            "INSERT INTO tasks (user_id, title) VALUES ('ada', 'x'), ('bob', 'y'), ('ada', 'z')"
        )
        connection.execute(sql.SQL("DELETE FROM {} WHERE id = 'ada'").format(users))

    assert rows(empty_database_url, "SELECT user_id, title FROM tasks") == [("bob", "y")]


async def test_an_unreachable_server_is_unavailable(empty_database_url: str) -> None:
    nowhere = make_conninfo(empty_database_url, host="/nowhere")
    with pytest.raises(StorageUnavailable):
        await prepare(nowhere)


async def test_a_database_that_is_not_there_is_unavailable(empty_database_url: str) -> None:
    with pytest.raises(StorageUnavailable):
        await prepare(make_conninfo(empty_database_url, dbname="no_such_database"))


@pytest.mark.parametrize("migrate_on_start", [True, False])
async def test_a_database_at_two_revisions_is_refused(
    database_url: str, migrate_on_start: bool
) -> None:
    execute(database_url, "INSERT INTO tasks_api_schema_version VALUES ('0009')")
    database = Database(url=database_url, users_table="users", migrate_on_start=migrate_on_start)
    with pytest.raises(SchemaConflict, match="more than one revision"):
        await database.prepare()
    await database.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("migrate_on_start", [True, False])
async def test_a_database_that_cannot_hold_every_text_is_refused(
    empty_database_url: str, encoding: str, migrate_on_start: bool
) -> None:
    name = f"in_{encoding.lower()}"
    execute(
        empty_database_url,
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LOCALE 'C'",
    )
    database = Database(
        url=make_conninfo(empty_database_url, dbname=name),
        users_table="users",
        migrate_on_start=migrate_on_start,
    )
    try:
        with pytest.raises(SchemaConflict, match=f"encoding {encoding}"):
            await database.prepare()
    finally:
        await database.close()
        execute(empty_database_url, f"DROP DATABASE {name}")


@pytest.fixture
def guest(empty_database_url: str) -> Iterator[str]:
    """The URL of the empty database for a role that may connect to it and nothing else."""
    role = "guest"
    execute(empty_database_url, f"CREATE ROLE {role} LOGIN")
    yield make_conninfo(empty_database_url, user=role)
    execute(empty_database_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_a_role_that_may_not_create_tables_gets_a_clear_error(
    empty_database_url: str, guest: str
) -> None:
    before = snapshot(empty_database_url)

    with pytest.raises(SchemaConflict, match="permission denied for schema public"):
        await prepare(guest)

    assert snapshot(empty_database_url) == before


async def test_a_role_that_may_not_refer_to_the_users_changes_nothing(
    empty_database_url: str, guest: str
) -> None:
    execute(
        empty_database_url,
        "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE TABLE users (id text PRIMARY KEY)",
    )
    before = snapshot(empty_database_url)

    with pytest.raises(SchemaConflict, match="permission denied for table users"):
        await prepare(guest)

    assert snapshot(empty_database_url) == before


@pytest.mark.conformance
async def test_downgrading_and_upgrading_lose_nothing(database_url: str) -> None:
    execute(
        database_url,
        """INSERT INTO users (id) VALUES ('ada'), ('bob');
        INSERT INTO tasks (user_id, title, title_key, description, completed)
        SELECT 'ada', 'title ' || n, 'title ' || n, CASE WHEN n % 3 = 0 THEN 'more' END, n % 2 = 0
        FROM generate_series(1, 100) n;
        DELETE FROM tasks WHERE id > 90""",
    )
    defined = definition(database_url)
    stored = rows(database_url, "SELECT * FROM tasks ORDER BY id")

    with transaction(database_url) as connection:
        users = find_users(connection, None)
        assert users is not None
        config = migrating.migration_config(connection, users)
        command.downgrade(config, "base")
        assert connection.scalar(sa.text("SELECT count(*) FROM tasks")) == 90
        command.upgrade(config, "head")

    assert rows(database_url, "SELECT * FROM tasks ORDER BY id") == stored
    assert _without_start(definition(database_url)) == _without_start(defined)
    assert await new_id(database_url) == 101


def _without_start(facts: Facts) -> Facts:
    facts["sequences"] = [fact[:2] + fact[3:] for fact in facts["sequences"]]
    return facts


async def new_id(url: str) -> int:
    new = NewTask.create(user_id="ada", title="x", description=None, now=datetime.now(UTC))
    async with repository(url) as tasks:
        return (await tasks.add(new)).id


@pytest.mark.conformance
async def test_another_users_table_is_followed_when_the_setting_changes(database_url: str) -> None:
    execute(
        database_url,
        """CREATE TABLE "user" (id text PRIMARY KEY);
        INSERT INTO "user" (id) VALUES ('ada');
        INSERT INTO users (id) VALUES ('ada');
        INSERT INTO tasks (user_id, title) VALUES ('ada', 'x')""",
    )

    await prepare(database_url, "user")
    await prepare(database_url, "user")

    execute(database_url, "DELETE FROM users")
    assert rows(database_url, "SELECT count(*) FROM tasks") == [(1,)]
    execute(database_url, 'DELETE FROM "user"')
    assert rows(database_url, "SELECT count(*) FROM tasks") == [(0,)]


@pytest.mark.conformance
@pytest.mark.parametrize("name", ["user", "usres"])
async def test_another_users_table_is_refused_when_it_lacks_the_owners(
    database_url: str, name: str
) -> None:
    execute(
        database_url,
        """CREATE TABLE "user" (id text PRIMARY KEY);
        INSERT INTO users (id) VALUES ('ada');
        INSERT INTO tasks (user_id, title) VALUES ('ada', 'x')""",
    )
    before = snapshot(database_url)

    with pytest.raises(SchemaConflict, match=f"table {name}.*USERS_TABLE"):
        await prepare(database_url, name)

    assert snapshot(database_url) == before


@pytest.mark.conformance
async def test_another_users_table_that_is_not_there_is_refused_even_without_tasks(
    database_url: str,
) -> None:
    before = snapshot(database_url)

    with pytest.raises(SchemaConflict, match=r"table user, .* tasks refer to the table users"):
        await prepare(database_url, "user")

    assert snapshot(database_url) == before


@pytest.mark.conformance
async def test_a_users_table_beside_better_auths_is_made_with_a_warning(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(empty_database_url, 'CREATE TABLE "user" (id text PRIMARY KEY)')

    await prepare(empty_database_url, "users")

    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "the table users is made beside user: if that" in warning.getMessage()
