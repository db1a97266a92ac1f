"""Finding the users table, with ids of any type."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import Database
from adapters.postgres.development import create_user
from adapters.postgres.errors import NotServable
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import (
    InvalidConfiguration,
    SchemaConflict,
    StorageUnavailable,
    UnknownUser,
)
from domain.task import NewTask
from tests.postgres.test_schema import definition, execute, rows, snapshot

pytestmark = pytest.mark.postgres

NOW: Final = datetime(2026, 11, 21, tzinfo=UTC)
UUID: Final = "0b8c9a1e-6f0e-4c57-9b5e-0d3f1f5f7a10"
NEON_AUTH: Final = f"""
    CREATE SCHEMA neon_auth;
    CREATE TABLE neon_auth."user" (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name text NOT NULL, email text NOT NULL UNIQUE, "emailVerified" boolean NOT NULL,
        image text, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
        "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL, role text, banned boolean,
        "banReason" text, "banExpires" timestamptz);
    INSERT INTO neon_auth."user" (id, name, email, "emailVerified")
        VALUES ('{UUID}', 'Ada', 'ada@example.com', true);
"""
USERS_SYNC: Final = """
    CREATE SCHEMA neon_auth;
    CREATE TABLE neon_auth.users_sync (raw_json jsonb NOT NULL,
        id text GENERATED ALWAYS AS (raw_json ->> 'id') STORED NOT NULL PRIMARY KEY,
        name text GENERATED ALWAYS AS (raw_json ->> 'display_name') STORED,
        email text GENERATED ALWAYS AS (raw_json ->> 'primary_email') STORED,
        updated_at timestamptz, deleted_at timestamptz);
    INSERT INTO neon_auth.users_sync (raw_json) VALUES ('{"id": "ada"}');
"""


def better_auths(name: str, kind: str, user: str) -> str:
    """The tables of Better Auth that matter for tasks, with one user."""
    return f"""
        CREATE TABLE {name} (id {kind} PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
            "emailVerified" boolean NOT NULL);
        INSERT INTO {name} (id, name, email, "emailVerified")
            VALUES ('{user}', 'Ada', 'ada@example.com', true);
    """


def new_task(owner: str) -> NewTask:
    return NewTask.create(user_id=owner, title="Buy milk", description=None, now=NOW)


@asynccontextmanager
async def serving(
    url: str, users_table: str | None = None, *, migrate_on_start: bool = True
) -> AsyncIterator[PostgresTaskRepository]:
    database = Database(url=url, users_table=users_table, migrate_on_start=migrate_on_start)
    try:
        await database.prepare()
        yield PostgresTaskRepository(database=database)
    finally:
        await database.close()


def owner_type(url: str) -> str:
    [(kind,)] = rows(
        url,
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'tasks'::regclass AND attname = 'user_id'",
    )
    return str(kind)


def referenced(url: str) -> str:
    [(name,)] = rows(
        url,
        "SELECT confrelid::regclass::text FROM pg_constraint "
        "WHERE conrelid = 'tasks'::regclass AND contype = 'f'",
    )
    return str(name)


IDS: Final = {
    "text": ("text", "ada"),
    "varchar": ("varchar(36)", "ada"),
    "uuid": ("uuid", UUID),
    "integer": ("integer", "7"),
    "bigint": ("bigint", "9007199254740993"),
}


async def test_better_auths_table_is_preferred_to_one_of_another_program(
    empty_database_url: str,
) -> None:
    execute(
        empty_database_url,
        "CREATE TABLE users (id serial PRIMARY KEY, email text);"
        + better_auths('"user"', "text", "ada"),
    )
    async with serving(empty_database_url) as tasks:
        await tasks.add(new_task("ada"))
    assert referenced(empty_database_url) == '"user"'


async def test_a_partitioned_users_table_is_referenced_once(empty_database_url: str) -> None:
    # PostgreSQL also lists the references to the single partitions.
    execute(
        empty_database_url,
        """CREATE TABLE "user" (id text PRIMARY KEY, email text, "emailVerified" boolean)
                PARTITION BY HASH (id);
            CREATE TABLE one PARTITION OF "user" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE two PARTITION OF "user" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
            INSERT INTO "user" (id) VALUES ('ada'), ('bob'), ('cleo')""",
    )
    for _ in range(2):
        async with serving(empty_database_url) as tasks:
            for user in ("ada", "bob", "cleo"):
                await tasks.add(new_task(user))
            with pytest.raises(UnknownUser):
                await tasks.add(new_task("dan"))
    database = Database(url=empty_database_url, users_table=None)
    await database.prepare()
    assert "the table user, " in await database.describe_users()
    await database.close()


async def test_two_candidates_for_the_users_table_need_the_setting(empty_database_url: str) -> None:
    execute(empty_database_url, better_auths('"user"', "text", "ada") + NEON_AUTH)
    before = snapshot(empty_database_url)
    with pytest.raises(InvalidConfiguration, match=r"USERS_TABLE.* user or neon_auth\.user"):
        async with serving(empty_database_url):
            pass
    assert snapshot(empty_database_url) == before
    async with serving(empty_database_url, "neon_auth.user") as tasks:
        await tasks.add(new_task(UUID))


@pytest.mark.parametrize("setting", [None, "neon_auth.user", 'neon_auth."user"'])
async def test_neon_auth_is_found(empty_database_url: str, setting: str | None) -> None:
    execute(empty_database_url, NEON_AUTH)
    async with serving(empty_database_url, setting) as tasks:
        task = await tasks.add(new_task(UUID))
        assert await tasks.get(UUID, task.id) == task
    assert owner_type(empty_database_url) == "uuid"
    assert "users" not in {fact[0] for fact in definition(empty_database_url)["columns"]}


async def test_the_older_neon_auth_works_by_a_setting_and_a_hint_says_so(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(empty_database_url, USERS_SYNC)
    for _ in range(2):
        caplog.clear()
        async with serving(empty_database_url):
            assert "set USERS_TABLE=neon_auth.users_sync" in caplog.text
    async with serving(empty_database_url, "neon_auth.users_sync") as tasks:
        await tasks.add(new_task("ada"))


async def test_a_table_in_a_named_schema_is_waited_for_and_never_made(
    empty_database_url: str,
) -> None:
    before = snapshot(empty_database_url)
    database = Database(url=empty_database_url, users_table="auth.user")
    with pytest.raises(NotServable, match=r"auth\.user, which USERS_TABLE names, is not there"):
        await database.prepare()
    assert snapshot(empty_database_url) == before
    execute(empty_database_url, "CREATE SCHEMA auth;" + better_auths('auth."user"', "text", "ada"))
    await database.prepare()
    await PostgresTaskRepository(database=database).add(new_task("ada"))
    await database.close()


async def test_a_table_with_capitals_in_a_schema_with_capitals_is_understood(
    empty_database_url: str,
) -> None:
    table = '"Auth"."AppUser"'
    execute(empty_database_url, 'CREATE SCHEMA "Auth";' + better_auths(table, "uuid", UUID))
    for setting in (table, "Auth.AppUser"):
        async with serving(empty_database_url, setting) as tasks:
            await tasks.add(new_task(UUID))
    with pytest.raises(StorageUnavailable, match=r"auth\.appuser"):
        async with serving(empty_database_url, "auth.appuser"):
            pass


@pytest.mark.parametrize("kind", ["numeric", "char(36)", "smallint"])
async def test_an_id_of_another_type_is_named(empty_database_url: str, kind: str) -> None:
    execute(empty_database_url, better_auths('"user"', kind, "7"))
    with pytest.raises(SchemaConflict, match=r"user\.id has the type .* and not text, .*bigint"):
        async with serving(empty_database_url):
            pass


async def test_the_log_line_of_an_unknown_user_names_the_searched_table(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database_url)["dbname"])
    caplog.set_level(logging.INFO)
    async with serving(database_url) as tasks:
        assert f"the database is {name} on " in caplog.text
        assert "tasks refer to the users table users, whose ids are text" in caplog.text
        with pytest.raises(UnknownUser):
            await tasks.add(new_task("ada"))
    line = caplog.records[-1].getMessage()
    assert "'ada', who has no row in the table users, which has 0 rows, in the database" in line
    assert name in line
    assert "NEON_DB_URL" in line
    assert "USERS_TABLE" in line


async def test_the_error_of_a_role_that_may_not_refer_to_neon_auth_names_the_grant(
    empty_database_url: str,
) -> None:
    execute(
        empty_database_url,
        NEON_AUTH + "CREATE ROLE plain LOGIN; GRANT CREATE ON SCHEMA public TO plain",
    )
    url = make_conninfo(empty_database_url, user="plain")
    with pytest.raises(
        SchemaConflict, match="GRANT USAGE ON SCHEMA neon_auth TO plain; GRANT"
    ) as e:
        async with serving(url):
            pass
    execute(empty_database_url, str(e.value).partition("run: ")[2])
    async with serving(url) as tasks:
        await tasks.add(new_task(UUID))
    execute(empty_database_url, "DROP OWNED BY plain; DROP ROLE plain")


@pytest.mark.parametrize(("kind", "user"), IDS.values(), ids=IDS)
async def test_a_user_is_created_in_the_table_that_is_used(
    empty_database_url: str, kind: str, user: str
) -> None:
    execute(empty_database_url, f'CREATE TABLE "user" (id {kind} PRIMARY KEY)')
    database = Database(url=empty_database_url)
    await database.prepare()
    for _ in range(2):
        await create_user(database=database, user_id=user)
    await PostgresTaskRepository(database=database).add(new_task(user))
    if kind not in {"text", "varchar(36)"}:
        with pytest.raises(SchemaConflict, match=f"is no id of the table user, .* type {kind}"):
            await create_user(database=database, user_id="demo-user")
    await database.close()
