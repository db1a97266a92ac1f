"""Tables that vanish or change while they are served."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.errors import InternalError_ as InternalError

from adapters.postgres import watching
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import StorageUnavailable
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask, Task
from tests.postgres import test_schema as schema
from tests.postgres.test_users_table import UUID, better_auths

pytestmark = pytest.mark.postgres

PATIENCE: Final = 10
"""Seconds; all of this takes far less."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check the tables with every request, and prepare them without a pause."""
    monkeypatch.setattr(watching, "LOOK_EVERY", 0)
    monkeypatch.setattr(watching, "PREPARE_EVERY", 0)


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    """A database that is served, with the user ada."""
    await execute(empty_database_url, better_auths('"user"', "text", "ada"))
    database = Database(url=empty_database_url)
    await database.prepare()
    yield database
    await database.close()


@pytest.fixture
def tasks(database: Database) -> PostgresTaskRepository:
    return PostgresTaskRepository(database=database)


# In threads, because the event loop may be preparing the tables, which are then locked.
async def execute(url: str, statement: str) -> None:
    await asyncio.to_thread(schema.execute, url, statement)


async def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    return await asyncio.to_thread(schema.rows, url, query)


async def definition(url: str) -> schema.Facts:
    return await asyncio.to_thread(schema.definition, url, table="tasks")


def new_task(owner: str = "ada") -> NewTask:
    return NewTask.create(user_id=owner, title="x", description=None, now=datetime.now(UTC))


_REFERENCES: Final = """
    SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass('tasks')
"""


async def eventually(operation: Callable[[], Awaitable[object]]) -> None:
    """Repeat ``operation``, as clients do, until the storage is available."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await operation()
            except StorageUnavailable:
                await asyncio.sleep(0.02)
            else:
                return


async def refused(operation: Callable[[], Awaitable[object]], reason: str) -> None:
    """Repeat ``operation`` until it fails because of ``reason``."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await operation()
            except StorageUnavailable as error:
                if reason in str(error):
                    return
            await asyncio.sleep(0.02)


VANISHED: Final = {
    "tasks": "DROP TABLE tasks",
    "tasks and its history": "DROP TABLE tasks, tasks_api_schema_version",
    "everything": schema.EMPTY_SCHEMA,
    "tasks became something else": (
        "DROP TABLE tasks; CREATE TABLE tasks (id serial PRIMARY KEY, user_id text NOT NULL, "
        "title text NOT NULL, description text, completed boolean, created_at timestamp, "
        "updated_at timestamp)"
    ),
}


@pytest.mark.conformance
@pytest.mark.parametrize("change", VANISHED.values(), ids=VANISHED)
async def test_tables_that_vanish_are_prepared_again(
    tasks: PostgresTaskRepository, empty_database_url: str, change: str
) -> None:
    before = (await definition(empty_database_url))["columns"]
    await tasks.add(new_task())
    await execute(empty_database_url, change)
    if "SCHEMA" in change:
        await execute(empty_database_url, better_auths('"user"', "text", "ada"))

    await eventually(lambda: tasks.add(new_task()))

    await eventually(lambda: prepared_again(empty_database_url, before))
    listed = await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
    assert len(listed) == 1


CHANGED: Final = {
    "a narrower title": "ALTER TABLE tasks ALTER title TYPE varchar(40)",
    "a narrower owner": "ALTER TABLE tasks ALTER user_id TYPE varchar(40)",
    "a smaller number": "ALTER TABLE tasks ALTER id TYPE integer",
    "times without a zone": "ALTER TABLE tasks ALTER updated_at TYPE timestamp",
    "a check of another program": "ALTER TABLE tasks ADD CHECK (title <> 'x') NOT VALID",
    "a description that must be filled": "ALTER TABLE tasks ALTER description SET NOT NULL",
}


@pytest.mark.conformance
@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
async def test_a_table_that_changes_is_adopted_again(
    tasks: PostgresTaskRepository, empty_database_url: str, change: str
) -> None:
    before = await definition(empty_database_url)
    await execute(empty_database_url, f"DELETE FROM tasks; {change}")

    await eventually(lambda: tasks.add(new_task()))
    await eventually(lambda: prepared_again(empty_database_url, before["columns"]))

    await eventually(lambda: tasks.add(new_task()))


async def prepared_again(url: str, columns: object) -> None:
    try:
        found = await definition(url)
    except InternalError as error:
        # A function that describes a column no longer finds what the query has still seen.
        raise StorageUnavailable("the table is changing") from error
    checks = [fact[1] for fact in found["constraints"] if "CHECK" in (fact[4] or "")]
    if found["columns"] != columns or len(checks) != 2:
        raise StorageUnavailable("not yet")


@pytest.mark.conformance
async def test_the_owners_type_may_change_with_that_of_the_users(
    tasks: PostgresTaskRepository, empty_database_url: str
) -> None:
    await execute(
        empty_database_url,
        f"""UPDATE "user" SET id = '{UUID}';
        ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey;
        ALTER TABLE "user" ALTER id TYPE uuid USING id::uuid;
        ALTER TABLE tasks ALTER user_id TYPE uuid USING user_id::uuid,
        ADD FOREIGN KEY (user_id) REFERENCES "user" ON DELETE CASCADE""",
    )

    async def create_and_read() -> None:
        task = await tasks.add(new_task(UUID))
        assert await tasks.get(UUID, task.id) == task

    await eventually(create_and_read)


@pytest.mark.conformance
async def test_a_foreign_key_that_is_dropped_with_the_users_is_noticed_and_restored(
    tasks: PostgresTaskRepository, empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await execute(
        empty_database_url,
        'DROP TABLE "user" CASCADE;' + better_auths('"user"', "text", "ada"),
    )

    async def restored() -> None:
        await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
        if not await rows(empty_database_url, _REFERENCES):
            raise StorageUnavailable("not yet")

    await eventually(restored)
    assert "the tables had changed and have been prepared again" in caplog.text


async def test_a_policy_that_is_added_stops_serving_and_says_why_until_it_is_gone(
    empty_database_url: str,
) -> None:
    await execute(
        empty_database_url,
        better_auths('"user"', "text", "ada")
        + """DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landlord') THEN
        CREATE ROLE landlord LOGIN; END IF; END $$; GRANT ALL ON SCHEMA public TO landlord;
        ALTER TABLE "user" OWNER TO landlord""",
    )
    url = make_conninfo(empty_database_url, user="landlord")
    database = Database(url=url)
    await database.prepare()
    tasks = PostgresTaskRepository(database=database)
    task = await tasks.add(new_task())
    await execute(url, "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")

    with pytest.raises(StorageUnavailable, match="row-level security"):
        await database.check()
    await refused(lambda: tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED), "row-level")

    await execute(
        url, "CREATE POLICY p ON tasks USING (true); ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY"
    )
    await eventually(database.check)
    assert await tasks.get("ada", task.id) == task
    await database.close()


LATER: Final = {
    "a trigger": (
        """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER touched AFTER INSERT ON tasks EXECUTE FUNCTION touch()""",
        "trigger touched",
    ),
    "a rule": ("CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING", "rule keep"),
    "a unique index": ("CREATE UNIQUE INDEX one ON tasks (lower(title))", "one demands"),
    "a table that keeps tasks": (
        "CREATE TABLE sub (a text, b bigint, FOREIGN KEY (a, b) REFERENCES tasks)",
        "table sub",
    ),
    "the table has another name": ("ALTER TABLE tasks RENAME TO old", ".old, and the search_path"),
}


@pytest.mark.conformance
@pytest.mark.parametrize("obstacle", LATER.values(), ids=LATER)
async def test_what_cannot_be_served_is_named_to_health_checks_and_in_the_log(
    database: Database,
    tasks: PostgresTaskRepository,
    empty_database_url: str,
    obstacle: tuple[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    change, reason = obstacle
    await execute(empty_database_url, change)

    async def read() -> list[Task]:
        return await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)

    await refused(database.check, reason)
    await refused(read, reason)
    lines = [entry.getMessage() for entry in caplog.records if reason in entry.getMessage()]
    assert len(lines) == 1


ENABLED: Final = {
    "trigger touched": """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER touched AFTER INSERT ON tasks EXECUTE FUNCTION touch();""",
    "rule keep": "CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING;",
}


@pytest.mark.parametrize(("obstacle", "made"), ENABLED.items(), ids=ENABLED)
async def test_what_is_enabled_later_is_named(
    database: Database, empty_database_url: str, obstacle: str, made: str
) -> None:
    await execute(empty_database_url, f"{made} ALTER TABLE tasks DISABLE {obstacle}")
    await database.check()
    await execute(empty_database_url, f"ALTER TABLE tasks ENABLE {obstacle}")
    await refused(database.check, obstacle)


async def test_another_search_path_is_named_and_no_second_table_is_made(
    database: Database, tasks: PostgresTaskRepository, empty_database_url: str
) -> None:
    task = await tasks.add(new_task())
    name = psycopg.conninfo.conninfo_to_dict(empty_database_url)["dbname"]
    await execute(
        empty_database_url,
        f"CREATE SCHEMA other; ALTER DATABASE {name} SET search_path = other;"
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name LIKE 'tasks-api/%'",
    )
    await refused(database.check, "search_path")
    assert await rows(
        empty_database_url, "SELECT count(*) FROM pg_class WHERE relname = 'tasks'"
    ) == [(1,)]
    await execute(empty_database_url, f"ALTER DATABASE {name} RESET search_path")
    await eventually(lambda: tasks.get("ada", task.id))


async def test_an_outage_is_no_change(
    database: Database, tasks: PostgresTaskRepository, empty_database_url: str
) -> None:
    task = await tasks.add(new_task())
    name = psycopg.conninfo.conninfo_to_dict(empty_database_url)["dbname"]
    maintenance = make_conninfo(empty_database_url, dbname="postgres")
    await execute(maintenance, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await execute(
        maintenance,
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    for _ in range(3):
        with pytest.raises(StorageUnavailable):
            await database.check()
    await execute(maintenance, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await eventually(lambda: tasks.get("ada", task.id))


@pytest.mark.conformance
async def test_a_service_that_may_not_migrate_names_what_has_vanished(
    empty_database_url: str,
) -> None:
    await execute(empty_database_url, better_auths('"user"', "text", "ada"))
    database = Database(url=empty_database_url, migrate_on_start=False)
    await database.migrate()
    await database.prepare()
    await execute(empty_database_url, "DROP TABLE tasks")
    await refused(database.check, "run `tasks-api migrate`")
    await database.migrate()
    await eventually(database.check)
    await database.close()


async def test_a_reference_that_does_not_cascade_is_made_again(database_url: str) -> None:
    for statement in (
        "ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey",
        "ALTER TABLE tasks ADD FOREIGN KEY (user_id) REFERENCES users",
        "INSERT INTO users (id) VALUES ('ada')",
        "INSERT INTO tasks (user_id, title) VALUES ('ada', 'Buy milk')",
    ):
        schema.execute(database_url, statement)
    await schema.prepare(database_url)
    schema.execute(database_url, "DELETE FROM users")
    assert schema.rows(database_url, "SELECT FROM tasks") == []
