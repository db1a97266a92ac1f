"""Adoption of tables that other programs have created and filled."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import pytest

from application.errors import SchemaConflict, TaskNotFound
from domain.listing import SortOrder, StatusFilter
from domain.task import DESCRIPTION_MAX, TITLE_MAX, NewTask
from tests.postgres.test_schema import (
    EMOJI,
    definition,
    execute,
    prepare,
    repository,
    rows,
    snapshot,
)
from tests.waiting import until

pytestmark = pytest.mark.postgres

COLUMNS: Final = "id, user_id, title, description, completed, created_at, updated_at"
NOW: Final = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)
TEXT: Final = "Call the lawyer"

# Better Auth's own migration for PostgreSQL; {users} is what `modelName` says.
BETTER_AUTH: Final = """
    CREATE TABLE {users} ("id" text NOT NULL PRIMARY KEY, "name" text NOT NULL,
        "email" text NOT NULL UNIQUE, "emailVerified" boolean NOT NULL, "image" text,
        "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
        "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL);
    CREATE TABLE "session" ("id" text NOT NULL PRIMARY KEY, "expiresAt" timestamptz NOT NULL,
        "token" text NOT NULL UNIQUE, "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
        "updatedAt" timestamptz NOT NULL, "ipAddress" text, "userAgent" text,
        "userId" text NOT NULL REFERENCES {users} ("id") ON DELETE CASCADE);
    CREATE TABLE "account" ("id" text NOT NULL PRIMARY KEY, "accountId" text NOT NULL,
        "providerId" text NOT NULL,
        "userId" text NOT NULL REFERENCES {users} ("id") ON DELETE CASCADE, "password" text,
        "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
        "updatedAt" timestamptz NOT NULL);
    CREATE TABLE "verification" ("id" text NOT NULL PRIMARY KEY, "identifier" text NOT NULL,
        "value" text NOT NULL, "expiresAt" timestamptz NOT NULL,
        "createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
        "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL);
    CREATE TABLE "jwks" ("id" text NOT NULL PRIMARY KEY, "publicKey" text NOT NULL,
        "privateKey" text NOT NULL, "createdAt" timestamptz NOT NULL, "expiresAt" timestamptz);
    CREATE INDEX "session_userId_idx" ON "session" ("userId");
    INSERT INTO {users} (id, name, email, "emailVerified")
        VALUES ('ada', 'Ada', 'ada@example.com', true), ('bob', 'Bob', 'bob@example.com', false);
    INSERT INTO "session" VALUES ('s', now(), 'token', now(), now(), NULL, NULL, 'ada');
"""

_NOT_IN_UTC: Final = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''', current_database());
    END $$;
    SET timezone = 'Asia/Kolkata';
"""
# What SQLModel makes of the API's entities.
SQLMODEL: Final = """
    CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('1975ea83b712');
    CREATE TABLE users (id varchar NOT NULL, name varchar, email varchar, PRIMARY KEY (id));
    CREATE TABLE tasks (id serial NOT NULL, user_id varchar NOT NULL, title varchar(200) NOT NULL,
        description varchar(1000), completed boolean NOT NULL,
        created_at timestamp without time zone NOT NULL,
        updated_at timestamp without time zone NOT NULL,
        PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users (id));
    CREATE INDEX ix_tasks_user_id ON tasks (user_id);
    CREATE INDEX ix_tasks_completed ON tasks (completed);
    INSERT INTO users (id) VALUES ('ada'), ('bob');
    INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
        SELECT 'ada', 'task ' || n, CASE WHEN n % 3 = 0 THEN 'more on ' || n END, n % 2 = 0,
            timestamp '2026-01-31 23:59:59.123456' + n * interval '1 hour',
            timestamp '2026-02-28 23:59:59.654321' + n * interval '1 hour'
        FROM generate_series(1, 8) n;
    INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
        VALUES ('bob', 'Call the lawyer', false, '2026-03-29 02:30:00', '2026-03-29 02:30:00');
"""

HISTORIES: Final = {
    "as SQLModel makes it": "",
    "no rows": "TRUNCATE tasks",
    "texts without limits": """
        ALTER TABLE tasks ALTER title TYPE text, ALTER description TYPE text, ALTER user_id TYPE
        text; ALTER TABLE users ALTER id TYPE text""",
    "texts of fixed length": "ALTER TABLE tasks ALTER title TYPE char(200)",
    "texts with collations": """
        ALTER TABLE tasks ALTER title TYPE varchar(200) COLLATE "C",
        ALTER user_id TYPE text COLLATE "C" """,
    "defaults of its own": """
        ALTER TABLE tasks ALTER title SET DEFAULT '?', ALTER description SET DEFAULT '',
        ALTER completed SET DEFAULT true, ALTER created_at SET DEFAULT CURRENT_TIMESTAMP,
        ALTER updated_at SET DEFAULT '2000-01-01', ALTER user_id SET DEFAULT 'ada'""",
    "title keys that may be missing": 'ALTER TABLE tasks ADD title_key text COLLATE "C"',
    "times with a zone": """
        ALTER TABLE tasks ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
        ALTER updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC'""",
    "times of milliseconds": """
        ALTER TABLE tasks ALTER created_at TYPE timestamptz(3) USING created_at AT TIME ZONE 'UTC',
        ALTER updated_at TYPE timestamp(3)""",
    "bigserial": """
        ALTER TABLE tasks ALTER id TYPE bigint; ALTER SEQUENCE tasks_id_seq AS bigint""",
    "smallserial": """
        ALTER TABLE tasks ALTER id TYPE smallint; ALTER SEQUENCE tasks_id_seq AS smallint""",
    "identity": """
        ALTER TABLE tasks ALTER id DROP DEFAULT; DROP SEQUENCE tasks_id_seq;
        ALTER TABLE tasks ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (RESTART WITH 10)""",
    "keys with other names": """
        ALTER TABLE tasks RENAME CONSTRAINT tasks_pkey TO pk_tasks;
        ALTER TABLE tasks RENAME CONSTRAINT tasks_user_id_fkey TO fk_tasks_user""",
    "our key": """
        ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
        ALTER TABLE tasks ADD PRIMARY KEY (user_id, id)""",
    "no foreign key": "ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey",
    "no primary key": "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey",
    "users with a unique id": """
        ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey;
        ALTER TABLE users DROP CONSTRAINT users_pkey; CREATE UNIQUE INDEX ON users (id)""",
    "other columns": """
        ALTER TABLE tasks ADD priority integer NOT NULL DEFAULT 3, ADD due_at timestamptz,
        ADD number integer GENERATED BY DEFAULT AS IDENTITY,
        ADD weight integer NOT NULL GENERATED ALWAYS AS (priority * 2) STORED;
        ALTER TABLE tasks ADD CHECK (priority < 9)""",
    "checks of its own": """
        ALTER TABLE tasks ADD CONSTRAINT short CHECK (char_length(title) <= 20),
        ADD CONSTRAINT tasks_title_length CHECK (title <> ''),
        ADD CHECK (description <> ''), ADD CHECK (completed OR updated_at >= created_at)""",
    "a cycling sequence": """
        ALTER SEQUENCE tasks_id_seq INCREMENT 10 MAXVALUE 100 CYCLE""",
}
"""Differences from SQLModel's table of tasks that do not prevent adoption."""


async def foreign_database(url: str, history: str = "") -> None:
    execute(url, _NOT_IN_UTC + SQLMODEL)
    execute(url, history)


@pytest.fixture(params=list(HISTORIES.values()), ids=list(HISTORIES))
async def foreign_url(request: pytest.FixtureRequest, empty_database_url: str) -> str:
    """The URL of a database that another implementation of the API has filled."""
    await foreign_database(empty_database_url, request.param)
    return empty_database_url


async def test_adoption_keeps_every_row_and_every_instant(foreign_url: str) -> None:
    before = rows(foreign_url, f"SELECT {COLUMNS} FROM tasks ORDER BY id")

    await prepare(foreign_url)

    after = rows(foreign_url, f"SELECT {COLUMNS} FROM tasks ORDER BY id")
    assert after == [
        (*row[:2], row[2].rstrip(), *row[3:5], _instant(row[5]), _instant(row[6])) for row in before
    ]


def _instant(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


async def test_adopted_tasks_are_defined_as_new_ones_are(foreign_url: str) -> None:
    await prepare(foreign_url)
    adopted = definition(foreign_url)
    execute(foreign_url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await prepare(foreign_url)
    new = definition(foreign_url)

    # Constraints of other columns, and plain indexes, may stay.
    names = [*COLUMNS.split(", "), "title_key"]
    assert _of_tasks(adopted["columns"], names) == _of_tasks(new["columns"], names)
    names = ["pk_tasks", "tasks_pkey", "tasks_user_id_fkey"]
    names += ["tasks_title_length", "tasks_description_length", "tasks_priority_check"]
    assert [fact[1] for fact in adopted["constraints"] if fact[0] == "tasks"] == [
        name for name in sorted(names) if name in str(adopted["constraints"])
    ]
    definitions = {fact[2:] for fact in adopted["constraints"] if fact[0] == "tasks"}
    expected = {fact[2:] for fact in new["constraints"] if fact[0] == "tasks"}
    # An adopted table keeps the key that it has.
    keys = {fact for fact in definitions if fact[-1].startswith("PRIMARY KEY")}
    assert {fact[-1] for fact in keys} <= {"PRIMARY KEY (id)", "PRIMARY KEY (user_id, id)"}
    assert len(keys) == 1
    assert definitions >= {fact for fact in expected if not fact[-1].startswith("PRIMARY KEY")}
    names = ["tasks_user_created", "tasks_user_completed_created", "tasks_without_title_key"]
    names += ["tasks_user_title", "tasks_user_completed_title"]
    assert _of_tasks(adopted["indexes"], names) == _of_tasks(new["indexes"], names)
    numbers = [fact[0] for fact in adopted["sequences"] if fact[0].startswith("tasks_id")]
    assert numbers == [fact[0] for fact in new["sequences"]]


def _of_tasks(facts: list[tuple[Any, ...]], names: list[str]) -> list[tuple[Any, ...]]:
    return [fact for fact in facts if fact[0] == "tasks" and fact[1] in names]


async def test_adopting_again_changes_nothing(empty_database_url: str) -> None:
    await foreign_database(empty_database_url)
    await prepare(empty_database_url)
    before = snapshot(empty_database_url)

    await prepare(empty_database_url)

    assert snapshot(empty_database_url) == before


async def test_the_repository_serves_adopted_tasks_in_full(foreign_url: str) -> None:
    await _use_everything(foreign_url, "users")


async def _use_everything(url: str, users_table: str) -> None:
    async with repository(url, users_table) as tasks:
        there = await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
        for task in there:
            assert await tasks.get("ada", task.id) == task
            toggled = await tasks.update("ada", task.id, lambda task: task.toggle(now=NOW))
            assert toggled.completed is not task.completed
            assert await tasks.get("ada", task.id) == toggled

        longest = NewTask.create(
            user_id="ada", title=EMOJI * TITLE_MAX, description=EMOJI * DESCRIPTION_MAX, now=NOW
        )
        added = [await tasks.add(longest) for _ in range(3)]
        assert [await tasks.get("ada", task.id) for task in added] == added
        first = added[0].id
        emptied = await tasks.update("ada", first, lambda task: task.edit(description="", now=NOW))
        assert await tasks.get("ada", first) == emptied
        listed = await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)
        # A missing time was replaced by the current time, which may be after NOW.
        arranged = SortOrder.CREATED.arrange([*there, *added])
        assert [task.id for task in listed] == [task.id for task in arranged]
        await tasks.delete("ada", first)
        with pytest.raises(TaskNotFound):
            await tasks.get("ada", first)


@pytest.mark.conformance
@pytest.mark.parametrize("users", ["users", "user"])
async def test_better_auths_tables_are_adopted_untouched(
    empty_database_url: str, users: str
) -> None:
    execute(empty_database_url, BETTER_AUTH.format(users=f'"{users}"'))
    before = snapshot(empty_database_url)

    await prepare(empty_database_url, users)

    after = snapshot(empty_database_url)
    assert {name: _not_ours(facts) for name, facts in after.items() if name in before} == before
    await _use_everything(empty_database_url, users)
    execute(empty_database_url, f"DELETE FROM \"{users}\" WHERE id = 'ada'")
    assert rows(empty_database_url, "SELECT * FROM tasks") == []


def _not_ours(facts: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [fact for fact in facts if not fact[0].startswith("tasks")]


async def test_missing_values_are_filled_in(empty_database_url: str) -> None:
    await foreign_database(
        empty_database_url,
        """ALTER TABLE tasks ALTER completed DROP NOT NULL, ALTER created_at DROP NOT NULL,
            ALTER updated_at DROP NOT NULL;
        UPDATE tasks SET completed = NULL WHERE id <= 4;
        UPDATE tasks SET created_at = NULL WHERE id = 1;
        UPDATE tasks SET updated_at = NULL WHERE id = 2;
        UPDATE tasks SET created_at = NULL, updated_at = NULL WHERE id = 3""",
    )

    await prepare(empty_database_url)

    [first, second, third, fourth] = rows(
        empty_database_url,
        "SELECT completed, created_at, updated_at FROM tasks WHERE id <= 4 ORDER BY id",
    )
    assert first == (False, *[datetime(2026, 3, 1, 0, 59, 59, 654321, UTC)] * 2)
    assert second == (False, *[datetime(2026, 2, 1, 1, 59, 59, 123456, UTC)] * 2)
    assert third[0] is False
    assert third[1] == third[2]
    assert abs((datetime.now(UTC) - third[1]).total_seconds()) < 60
    assert fourth == (
        False,
        datetime(2026, 2, 1, 3, 59, 59, 123456, UTC),
        datetime(2026, 3, 1, 3, 59, 59, 654321, UTC),
    )
    await _use_everything(empty_database_url, "users")


LOOSE_SEQUENCE: Final = """
    ALTER TABLE tasks ALTER id DROP DEFAULT; DROP SEQUENCE tasks_id_seq;
    CREATE SEQUENCE "Numbers"; ALTER TABLE tasks ALTER id SET DEFAULT nextval('"Numbers"');
"""
IDENTITY: Final = """
    ALTER TABLE tasks ALTER id DROP DEFAULT; DROP SEQUENCE tasks_id_seq;
    ALTER TABLE tasks ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
"""


@pytest.mark.parametrize(
    ("history", "next_id"),
    [
        pytest.param("", 10, id="the sequence stands at the greatest id"),
        pytest.param("DELETE FROM tasks WHERE id > 5", 10, id="rows were deleted"),
        pytest.param("DELETE FROM tasks", 10, id="all rows were deleted"),
        pytest.param("SELECT setval('tasks_id_seq', 41)", 42, id="the sequence ran ahead"),
        pytest.param("ALTER SEQUENCE tasks_id_seq RESTART 50", 50, id="restarted, never called"),
        pytest.param("ALTER SEQUENCE tasks_id_seq RESTART", 10, id="the sequence lags behind"),
        pytest.param("TRUNCATE tasks RESTART IDENTITY", 1, id="never called, no rows"),
        pytest.param(LOOSE_SEQUENCE, 10, id="a loose sequence, never called"),
        pytest.param(
            LOOSE_SEQUENCE + "SELECT setval('\"Numbers\"', 70)", 71, id="a loose sequence ahead"
        ),
        pytest.param("ALTER SEQUENCE tasks_id_seq OWNED BY NONE", 10, id="a serial set loose"),
        pytest.param(
            "ALTER SEQUENCE tasks_id_seq OWNED BY NONE; DELETE FROM tasks WHERE id > 5",
            10,
            id="a serial set loose, rows were deleted",
        ),
        pytest.param(
            "ALTER TABLE tasks ALTER id DROP DEFAULT; DROP SEQUENCE tasks_id_seq",
            10,
            id="no sequence at all",
        ),
        pytest.param(IDENTITY, 10, id="an identity that never numbered the rows there"),
        pytest.param(
            IDENTITY + "SELECT setval(pg_get_serial_sequence('tasks', 'id'), 30)",
            31,
            id="an identity ahead",
        ),
        pytest.param(
            IDENTITY + "ALTER TABLE tasks ALTER id SET GENERATED ALWAYS",
            10,
            id="a strict identity that lags behind",
        ),
        pytest.param(
            "SELECT setval('tasks_id_seq', 2147483647)", 2147483648, id="the integers are used up"
        ),
    ],
)
async def test_new_numbers_go_on_where_the_old_ones_ended(
    empty_database_url: str, history: str, next_id: int
) -> None:
    await foreign_database(empty_database_url, history)

    new = NewTask.create(user_id="ada", title="x", description=None, now=NOW)
    async with repository(empty_database_url) as tasks:
        assert [(await tasks.add(new)).id for _ in range(3)] == [next_id, next_id + 1, next_id + 2]


async def test_a_sequence_that_numbers_other_tables_too_is_left_to_them(
    empty_database_url: str,
) -> None:
    await foreign_database(
        empty_database_url,
        LOOSE_SEQUENCE + "CREATE TABLE notes (id bigint DEFAULT nextval('\"Numbers\"'))",
    )

    await prepare(empty_database_url)

    execute(empty_database_url, "INSERT INTO notes DEFAULT VALUES")


USERS_OF: Final = "ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey; DROP TABLE users;"

CONFLICTS: Final = {
    "tasks.id is a uuid": (
        """ALTER TABLE tasks DROP COLUMN id;
        ALTER TABLE tasks ADD id uuid DEFAULT gen_random_uuid() PRIMARY KEY""",
        ["tasks.id", "UUID", "integer"],
    ),
    "tasks.id is a text": (
        "ALTER TABLE tasks ALTER id DROP DEFAULT, ALTER id TYPE text",
        ["tasks.id", "TEXT", "integer"],
    ),
    "tasks.id is a numeric": (
        "ALTER TABLE tasks ALTER id TYPE numeric",
        ["tasks.id", "NUMERIC", "integer"],
    ),
    "users.id is an integer": (
        USERS_OF + "CREATE TABLE users (id serial PRIMARY KEY)",
        ["this: 9", "tasks.user_id", "integer", "users.id"],
    ),
    "users.id is a uuid": (
        USERS_OF + "CREATE TABLE users (id uuid PRIMARY KEY)",
        ["this: 9", "tasks.user_id", "uuid", "users.id"],
    ),
    "users.id is not unique": (
        USERS_OF + "CREATE TABLE users (id text NOT NULL)",
        ["users.id", "unique", "USERS_TABLE"],
    ),
    "users.id is unique in part": (
        USERS_OF
        + """CREATE TABLE users (id text NOT NULL);
        CREATE UNIQUE INDEX ON users (id) WHERE id <> 'ada'""",
        ["users.id", "unique", "USERS_TABLE"],
    ),
    "users.id is unique with another column": (
        USERS_OF + "CREATE TABLE users (id text NOT NULL, name text, UNIQUE (id, name))",
        ["users.id", "unique", "USERS_TABLE"],
    ),
    "users.id is unique at the end of a transaction": (
        USERS_OF + "CREATE TABLE users (id text NOT NULL UNIQUE DEFERRABLE)",
        ["users.id", "unique", "USERS_TABLE"],
    ),
    "users.id has an index that was not completed": (
        USERS_OF
        + """CREATE TABLE users (id text PRIMARY KEY);
        UPDATE pg_index SET indisvalid = false WHERE indrelid = 'users'::regclass""",
        ["users.id", "unique", "USERS_TABLE"],
    ),
    "users.id is an enumeration": (
        USERS_OF
        + """CREATE TYPE person AS ENUM ('ada', 'bob');
        CREATE TABLE users (id person PRIMARY KEY)""",
        ["users.id", "text", "USERS_TABLE"],
    ),
    "users have no id": (
        USERS_OF + "CREATE TABLE users (user_id text PRIMARY KEY)",
        ["users", "no column id", "USERS_TABLE"],
    ),
    "users are a view": (
        USERS_OF
        + """CREATE TABLE "user" (id text PRIMARY KEY);
        CREATE VIEW users AS SELECT * FROM "user" """,
        ["users", "view", "USERS_TABLE"],
    ),
    "tasks are a view": (
        "ALTER TABLE tasks RENAME TO task; CREATE VIEW tasks AS SELECT * FROM task",
        ["tasks", "view", "rename"],
    ),
    "tasks are a materialized view": (
        "ALTER TABLE tasks RENAME TO task; CREATE MATERIALIZED VIEW tasks AS SELECT * FROM task",
        ["tasks", "view", "rename"],
    ),
    "a column is missing": (
        "ALTER TABLE tasks DROP COLUMN completed",
        ["tasks", "no column completed"],
    ),
    "titles are an enumeration": (
        """CREATE TYPE title AS ENUM ('Call the lawyer');
        DELETE FROM tasks WHERE user_id = 'ada';
        ALTER TABLE tasks ALTER title TYPE title USING title::title""",
        ["tasks.title", "text"],
    ),
    "completed is a number": (
        "ALTER TABLE tasks ALTER completed TYPE integer USING completed::integer",
        ["tasks.completed", "INTEGER", "boolean"],
    ),
    "created_at is a day": (
        "ALTER TABLE tasks ALTER created_at TYPE date",
        ["tasks.created_at", "DATE", "timestamp"],
    ),
    "user_id is a uuid of no user": (
        USERS_OF
        + """UPDATE tasks SET user_id = gen_random_uuid()::text;
        CREATE TABLE users (id uuid PRIMARY KEY);
        ALTER TABLE tasks ALTER user_id TYPE uuid USING user_id::uuid""",
        ["this: 9", "tasks.user_id", "users", "USERS_TABLE"],
    ),
    "another column must be filled": (
        """ALTER TABLE tasks ADD list_id integer NOT NULL DEFAULT 1;
        ALTER TABLE tasks ALTER list_id DROP DEFAULT""",
        ["tasks.list_id", "default"],
    ),
    "two columns are the key": (
        """ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
        ALTER TABLE tasks ADD PRIMARY KEY (completed, id)""",
        ["primary key of tasks", "completed, id"],
    ),
    "rows without a number": (
        """ALTER TABLE tasks DROP CONSTRAINT tasks_pkey;
        ALTER TABLE tasks ALTER id DROP NOT NULL; UPDATE tasks SET id = NULL WHERE id > 5""",
        ["this: 4", "tasks", "id"],
    ),
    "rows that share a number": (
        "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey; UPDATE tasks SET id = 5 WHERE id > 5",
        ["this: 5", "tasks", "lowest id: 5"],
    ),
    "rows with a number below one": (
        "UPDATE tasks SET id = -id WHERE id < 3",
        ["this: 2", "tasks", "lowest id: -2"],
    ),
    "a row with the number zero": (
        "UPDATE tasks SET id = 0 WHERE id = 3",
        ["this: 1", "tasks", "lowest id: 0"],
    ),
    "rows without an owner": (
        "ALTER TABLE tasks ALTER user_id DROP NOT NULL; UPDATE tasks SET user_id = NULL",
        ["this: 9", "tasks", "user_id", "lowest id: 1"],
    ),
    "rows without a user": (
        "ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_fkey; DELETE FROM users WHERE id = 'ada'",
        ["this: 8", "tasks.user_id", "users", "USERS_TABLE", "lowest id: 1"],
    ),
    "no users at all": (
        USERS_OF,
        ["this: 9", "tasks.user_id", "users", "USERS_TABLE"],
    ),
    "too long titles": (
        """ALTER TABLE tasks ALTER title TYPE text;
        UPDATE tasks SET title = title || repeat('!', 200) WHERE id > 7""",
        ["this: 2", "tasks.title", "1 to 200", "lowest id: 8"],
    ),
    "empty titles": (
        "UPDATE tasks SET title = '' WHERE id = 3",
        ["this: 1", "tasks.title", "lowest id: 3"],
    ),
    "missing titles": (
        "ALTER TABLE tasks ALTER title DROP NOT NULL; UPDATE tasks SET title = NULL WHERE id = 3",
        ["this: 1", "tasks.title", "lowest id: 3"],
    ),
    "too long descriptions": (
        """ALTER TABLE tasks ALTER description TYPE text;
        UPDATE tasks SET description = title || repeat('!', 1000) WHERE id = 9""",
        ["this: 1", "tasks.description", "1000", "lowest id: 9"],
    ),
    "times without end": (
        "UPDATE tasks SET updated_at = 'infinity' WHERE id = 2",
        ["this: 1", "tasks.created_at", "tasks.updated_at", "lowest id: 2"],
    ),
    "times before Christ": (
        "UPDATE tasks SET created_at = '0044-03-15 12:00:00 BC' WHERE id = 2",
        ["this: 1", "tasks.created_at", "tasks.updated_at", "lowest id: 2"],
    ),
    "titles must differ": (
        "ALTER TABLE tasks ADD UNIQUE (user_id, title)",
        ["tasks_user_id_title_key", "drop"],
    ),
    "titles must differ by an index": (
        "CREATE UNIQUE INDEX one_of_each ON tasks (title)",
        ["one_of_each", "drop"],
    ),
    "a trigger sets the time": (
        """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.updated_at = now(); RETURN NEW; END';
        CREATE TRIGGER touched BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION touch()""",
        ["trigger touched", "tasks", "drop"],
    ),
    "a view needs the column's type": (
        "CREATE VIEW titles AS SELECT title FROM tasks",
        ["view titles", 'column "title"'],
    ),
}
"""Tables that cannot be adopted, and the text that the error must contain."""


@pytest.mark.parametrize(("history", "named"), CONFLICTS.values(), ids=CONFLICTS)
async def test_tables_that_cannot_be_adopted_are_named_and_not_changed(
    empty_database_url: str, history: str, named: list[str]
) -> None:
    await foreign_database(empty_database_url, history)
    before = snapshot(empty_database_url)

    with pytest.raises(SchemaConflict) as caught:
        await prepare(empty_database_url)

    message = str(caught.value)
    assert all(name in message for name in named), message
    assert TEXT not in message
    assert snapshot(empty_database_url) == before


async def test_a_row_that_another_session_adds_meanwhile_is_checked(
    empty_database_url: str,
) -> None:
    await foreign_database(empty_database_url)
    with psycopg.connect(empty_database_url) as other:
        other.execute("UPDATE tasks SET id = 0 WHERE id = 3")
        adopting = asyncio.create_task(prepare(empty_database_url))
        await until(lambda: bool(rows(empty_database_url, _WAITS)))
    with pytest.raises(SchemaConflict, match=r"tasks\.id must be at least 1"):
        await adopting


_WAITS: Final = """
    SELECT FROM pg_locks WHERE relation = to_regclass('tasks') AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def test_another_programs_table_is_left_as_it_was(empty_database_url: str) -> None:
    execute(
        empty_database_url,
        SQLMODEL
        + """CREATE ROLE visitor LOGIN; GRANT ALL ON SCHEMA public TO visitor;
        GRANT ALL ON ALL TABLES IN SCHEMA public TO visitor""",
    )
    before = snapshot(empty_database_url)

    with pytest.raises(SchemaConflict, match="must be owner of table tasks"):
        await prepare(empty_database_url.replace("postgres@", "visitor@"))

    assert snapshot(empty_database_url) == before
    execute(empty_database_url, "DROP OWNED BY visitor; DROP ROLE visitor")


async def test_a_task_in_a_database_error_is_not_quoted(empty_database_url: str) -> None:
    await foreign_database(
        empty_database_url,
        """ALTER TABLE tasks ADD priority integer, ALTER completed DROP NOT NULL;
        UPDATE tasks SET completed = NULL, title = 'Call the lawyer';
        ALTER TABLE tasks ADD CONSTRAINT odd CHECK (priority IS NOT NULL) NOT VALID""",
    )

    with pytest.raises(SchemaConflict) as caught:
        await prepare(empty_database_url)

    assert "odd" in str(caught.value)
    assert TEXT not in str(caught.value)


async def test_a_constraint_that_adoption_drops_is_logged_with_its_definition(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(empty_database_url, SQLMODEL)
    execute(
        empty_database_url,
        "ALTER TABLE tasks ADD CONSTRAINT no_shouting CHECK (title <> upper(title))",
    )
    await prepare(empty_database_url)
    assert "the table tasks loses its constraint no_shouting: CHECK ((" in caplog.text
