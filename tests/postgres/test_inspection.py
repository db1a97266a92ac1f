"""The checks of ``tasks-api doctor`` in a database, which change nothing."""

from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres import inspection as inspecting
from adapters.postgres.database import Database
from adapters.postgres.inspection import PostgresInspection
from application.check import Check, State
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.ports import free_port
from tests.postgres.test_row_security import HIDDEN
from tests.postgres.test_schema import VERSION_TABLE, execute, prepare, rows, snapshot
from tests.postgres.test_users_table import USERS_SYNC, UUID, better_auths

pytestmark = pytest.mark.postgres

USERS: Final = better_auths('"user"', "text", "ada")


def inspection(
    url: str, *, users_table: str | None = None, migrates: bool = True
) -> PostgresInspection:
    database = Database(url=url, users_table=users_table, migrate_on_start=migrates)
    return PostgresInspection(database=database, migrate_on_start=migrates)


async def checked(
    url: str, *, users_table: str | None = None, migrates: bool = True
) -> dict[str, Check]:
    """Return the checks by name, after showing that making them has changed nothing."""
    before = snapshot(url)
    checks = await inspection(url, users_table=users_table, migrates=migrates).checks()
    assert snapshot(url) == before
    return {check.name: check for check in checks}


def states(checks: dict[str, Check]) -> dict[str, State]:
    return {name: check.state for name, check in checks.items()}


async def test_an_empty_database_stays_empty_and_can_be_prepared(empty_database_url: str) -> None:
    found = await checked(empty_database_url)
    assert states(found) == {
        "database": State.OK,
        "time-outs": State.OK,
        "users": State.WARNING,
        "schema": State.WARNING,
    }
    assert "no users table yet" in found["users"].sentence
    assert "the next start, or `tasks-api migrate`, makes it" in found["schema"].remedy
    assert rows(empty_database_url, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []


async def test_a_database_that_serves_better_auths_users_is_all_right(
    empty_database_url: str,
) -> None:
    execute(empty_database_url, USERS)
    await Database(url=empty_database_url).prepare()

    found = await checked(empty_database_url)

    assert set(states(found).values()) == {State.OK}
    assert list(found) == [
        "database",
        "time-outs",
        "users",
        "schema",
        "privileges",
        "row security",
        "obstacles",
    ]
    name = conninfo_to_dict(empty_database_url)["dbname"]
    assert found["database"].sentence.startswith(f"NEON_DB_URL is {name} on ")
    assert "as the role postgres: PostgreSQL 18" in found["database"].sentence
    assert ", directly, over a Unix socket" in found["database"].sentence
    assert found["users"].sentence == (
        "the table user has ids of the type text, 1 row and Better Auth's columns"
    )
    assert found["schema"].sentence == "the schema is at revision 0001, the newest"


async def test_the_inspection_cannot_write(empty_database_url: str, landlord_url: str) -> None:
    await prepare(landlord_url)
    execute(
        empty_database_url,
        """
        CREATE TABLE seen (); GRANT ALL ON seen TO landlord;
        CREATE FUNCTION see() RETURNS boolean LANGUAGE sql VOLATILE
            AS 'INSERT INTO seen DEFAULT VALUES; SELECT true';
        INSERT INTO users (id) VALUES ('ada');
        ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY seen ON users USING (see());
        """,
    )
    [users] = [check for check in await inspection(landlord_url).checks() if check.name == "users"]
    assert users.state is State.FAILURE
    assert "read-only transaction" in users.sentence
    assert rows(empty_database_url, "SELECT FROM seen") == []


@pytest.fixture
def landlord_url(empty_database_url: str) -> str:
    """The database, for a table owner who is not a superuser."""
    execute(
        empty_database_url,
        """DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landlord') THEN
        CREATE ROLE landlord LOGIN; END IF; END $$; GRANT ALL ON SCHEMA public TO landlord""",
    )
    return make_conninfo(empty_database_url, user="landlord")


CANNOT_BE_SERVED: Final = {
    "two users tables": (
        "users",
        'CREATE TABLE users (id text PRIMARY KEY); CREATE TABLE "user" (id text PRIMARY KEY)',
        "USERS_TABLE has to be set",
    ),
    "ids of another type": (
        "users",
        'CREATE TABLE "user" (id numeric PRIMARY KEY)',
        "the column user.id has the type numeric",
    ),
    "a view of users": (
        "users",
        "CREATE VIEW users AS SELECT 1 AS id",
        "users is a view or the like",
    ),
}


@pytest.mark.parametrize(
    ("name", "sql", "sentence"), CANNOT_BE_SERVED.values(), ids=CANNOT_BE_SERVED
)
async def test_users_that_tasks_cannot_refer_to_are_a_failure(
    empty_database_url: str, name: str, sql: str, sentence: str
) -> None:
    execute(empty_database_url, sql)
    found = await checked(empty_database_url)
    assert [n for n, state in states(found).items() if state is State.FAILURE] == [name]
    assert sentence in found[name].sentence


LOOK_AT_THE_USERS: Final = {
    "no columns of Better Auth": (
        "CREATE TABLE users (id uuid PRIMARY KEY)",
        "the table users has ids of the type uuid, no row and no columns email and emailVerified",
        "set USERS_TABLE",
    ),
    "no user": (
        f'{USERS} DELETE FROM "user"',
        "no row: no user can create a task yet",
        "signed up",
    ),
    "the users of the older Neon Auth": (USERS_SYNC, "no users table", "neon_auth.users_sync"),
}


@pytest.mark.parametrize(
    ("sql", "sentence", "remedy"), LOOK_AT_THE_USERS.values(), ids=LOOK_AT_THE_USERS
)
async def test_users_that_may_be_others_than_meant_are_a_warning(
    empty_database_url: str, sql: str, sentence: str, remedy: str
) -> None:
    execute(empty_database_url, sql)
    found = (await checked(empty_database_url))["users"]
    assert found.state is State.WARNING
    assert sentence in found.sentence
    assert remedy in found.remedy


async def test_rows_that_the_role_may_not_read_are_not_counted(
    empty_database_url: str, landlord_url: str
) -> None:
    execute(empty_database_url, f'{USERS} GRANT REFERENCES ON "user" TO landlord')
    checks = await checked_as(landlord_url)
    assert "rows that this role may not count" in checks["users"].sentence
    # It may not create a reference from tasks to them either.
    assert checks["schema"].state is State.FAILURE
    assert 'run: GRANT SELECT, REFERENCES ON public."user" TO landlord' in checks["schema"].sentence
    execute(empty_database_url, 'ANALYZE "user"')
    found = (await checked_as(landlord_url))["users"]
    assert "about 1 rows" in found.sentence
    assert found.state is State.OK


async def test_the_rows_of_a_large_table_are_estimated(empty_database_url: str) -> None:
    execute(
        empty_database_url,
        f"""{USERS} INSERT INTO "user" SELECT n::text, n::text, n::text, true
        FROM generate_series(1, 12000) n""",
    )
    assert "over 10000 rows" in (await checked(empty_database_url))["users"].sentence
    execute(empty_database_url, 'ANALYZE "user"')
    assert "about 12001 rows" in (await checked(empty_database_url))["users"].sentence


CHANGED: Final = {
    "an outdated table": (
        "schema",
        "ALTER TABLE tasks ALTER title TYPE varchar",
        "the column tasks.title is character varying NOT NULL and has to be text NOT NULL",
    ),
    "a trigger": (
        "obstacles",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER refuses BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION refuse()""",
        "the trigger refuses of the table tasks",
    ),
    "hidden rows": ("row security", HIDDEN["a policy"], "hides rows of the table tasks"),
    "a missing privilege": (
        "privileges",
        "REVOKE INSERT, DELETE ON tasks FROM landlord",
        "the role may not INSERT, DELETE in the table tasks",
    ),
}


@pytest.mark.parametrize(("name", "sql", "sentence"), CHANGED.values(), ids=CHANGED)
async def test_a_schema_that_has_changed_is_a_failure_for_a_role_that_does_not_migrate(
    landlord_url: str, name: str, sql: str, sentence: str
) -> None:
    await prepare(landlord_url)
    execute(landlord_url, sql)
    found = {check.name: check for check in await inspection(landlord_url, migrates=False).checks()}
    assert found[name].state is State.FAILURE
    assert sentence in found[name].sentence
    assert [n for n, state in states(found).items() if state is State.FAILURE] == [name]


async def test_what_the_next_start_does_to_the_schema_is_a_warning(empty_database_url: str) -> None:
    await prepare(empty_database_url)
    execute(empty_database_url, "ALTER TABLE tasks ALTER title TYPE varchar")
    assert (await checked(empty_database_url))["schema"].state is State.WARNING
    execute(empty_database_url, f"ALTER TABLE tasks ALTER title TYPE text; {USERS}")
    found = (await checked(empty_database_url))["schema"]
    assert found.state is State.WARNING
    assert found.sentence == "tasks refer to users and not to user"
    execute(empty_database_url, f"UPDATE {VERSION_TABLE} SET version_num = '0999'")
    assert "made by a newer program" in (await checked(empty_database_url))["schema"].sentence
    execute(empty_database_url, f"DROP TABLE {VERSION_TABLE}")
    assert "has not made" in (await checked(empty_database_url))["schema"].sentence


async def test_a_role_that_may_create_no_table_needs_another_that_migrates(
    empty_database_url: str, landlord_url: str
) -> None:
    execute(empty_database_url, "REVOKE ALL ON SCHEMA public FROM landlord")
    found = (await checked_as(landlord_url))["schema"]
    assert found.state is State.FAILURE
    assert "may not create them in public" in found.sentence
    assert "run `tasks-api migrate`" in found.remedy
    found = (await checked_as(landlord_url, migrates=False))["schema"]
    assert found.state is State.FAILURE
    assert found.sentence.startswith("the schema is at revision (none) and has to be at 0001")


async def checked_as(url: str, *, migrates: bool = True) -> dict[str, Check]:
    return {check.name: check for check in await inspection(url, migrates=migrates).checks()}


async def test_a_read_only_database_is_a_failure(empty_database_url: str) -> None:
    name = conninfo_to_dict(empty_database_url)["dbname"]
    execute(empty_database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    found = (await checked(empty_database_url))["database"]
    assert found.state is State.FAILURE
    assert "it is read-only" in found.sentence


async def test_ignored_parameters_of_the_url_cause_a_warning(empty_database_url: str) -> None:
    checks = await inspection(f"{empty_database_url}&pgbouncer=true").checks()
    [left_out] = [check for check in checks if check.state is State.WARNING][:1]
    assert left_out.name == "database"
    assert "pgbouncer" in left_out.sentence
    assert left_out.remedy == "remove it from the URL"


async def test_an_unreachable_database_is_one_failure_without_its_password() -> None:
    url = f"postgresql://tasks:s3cr3t@127.0.0.1:{free_port()}/tasks"
    [check] = await inspection(url).checks()
    assert (check.name, check.state) == ("database", State.FAILURE)
    user = await inspection(url).check_user("ada")
    assert user.state is State.FAILURE
    assert "s3cr3t" not in f"{check} {user}"


async def test_a_locked_table_does_not_stop_the_checks(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare(empty_database_url)
    monkeypatch.setattr(inspecting, "STATEMENT_WITHIN", 0.2)
    with psycopg.connect(empty_database_url) as session:
        session.execute("LOCK TABLE users")
        found = await checked_as(empty_database_url)
    assert found["users"].state is State.FAILURE
    assert "statement timeout" in found["users"].sentence
    assert found["obstacles"].state is State.OK


@needs_pgbouncer
async def test_behind_a_pooler_the_role_needs_a_setting(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pgbouncer(empty_database_url, tmp_path, server_connections=1) as url:
        found = await checked_as(url)
        assert "through a pooler, not encrypted" in found["database"].sentence
        assert found["database"].state is State.OK
        assert found["time-outs"].state is State.WARNING
        [_, statement] = found["time-outs"].remedy.split("run once: ")
        name = conninfo_to_dict(empty_database_url)["dbname"]
        statement = statement.removesuffix(" (docs/deploy.md)")
        # For this database alone, because the tests of others run on the same server.
        execute(empty_database_url, statement.replace(" SET ", f" IN DATABASE {name} SET "))
    with pgbouncer(empty_database_url, tmp_path, server_connections=1) as url:
        found = await checked_as(url)
        assert found["time-outs"].sentence == (
            "PostgreSQL looks for a client that is gone every 1s"
        )


USERS_OUT_OF_SIGHT: Final = {
    "hidden rows": """
        GRANT SELECT ON "user" TO landlord; ALTER TABLE "user" ENABLE ROW LEVEL SECURITY""",
    "no privilege": 'REVOKE ALL ON "user" FROM landlord',
    "no privilege on the schema": """
        CREATE SCHEMA auth; ALTER TABLE "user" SET SCHEMA auth;
        GRANT SELECT ON auth."user" TO landlord""",
}


class TestUser:
    """The check of whether a token's user can own tasks."""

    @pytest.fixture
    def url(self, empty_database_url: str) -> str:
        execute(empty_database_url, better_auths('"user"', "uuid", UUID))
        return empty_database_url

    async def test_a_row_is_found_before_there_are_tasks_and_after(self, url: str) -> None:
        assert (await inspection(url).check_user(UUID)).state is State.OK
        await Database(url=url).prepare()
        assert (await inspection(url).check_user(UUID)).state is State.OK

    async def test_a_missing_row_is_a_failure_that_names_the_database_and_the_table(
        self, url: str
    ) -> None:
        found = await inspection(url).check_user(UUID.replace("0", "1"))
        assert found.state is State.FAILURE
        assert f"in the table user in {conninfo_to_dict(url)['dbname']} on" in found.sentence
        assert "401 Unknown user" in found.sentence
        assert "NEON_DB_URL or USERS_TABLE" in found.remedy

    @pytest.mark.parametrize("subject", ["ada", UUID.upper(), '\'; DROP TABLE "user"'])
    async def test_another_spelling_is_no_user(self, url: str, subject: str) -> None:
        found = await inspection(url).check_user(subject)
        assert found.state is State.FAILURE
        assert "whose ids are uuid" in found.sentence

    async def test_without_a_users_table_there_is_no_user(self, empty_database_url: str) -> None:
        found = await inspection(empty_database_url).check_user("ada")
        assert found.state is State.FAILURE
        assert "no users table yet" in found.sentence

    @pytest.mark.parametrize("sql", USERS_OUT_OF_SIGHT.values(), ids=USERS_OUT_OF_SIGHT)
    async def test_a_role_that_may_not_look_finds_a_user_by_a_task(
        self, url: str, landlord_url: str, sql: str
    ) -> None:
        await Database(url=url).prepare()
        execute(url, f"GRANT SELECT ON tasks TO landlord; {sql}")
        found = await inspection(landlord_url).check_user(UUID)
        assert found.state is State.WARNING
        assert "this role may not look for it in the table" in found.sentence
        execute(url, f"INSERT INTO tasks (user_id, title) VALUES ('{UUID}', 'Buy milk')")
        assert (await inspection(landlord_url).check_user(UUID)).state is State.OK
