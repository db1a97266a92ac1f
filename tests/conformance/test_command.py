"""`make conformance` on the embedded PostgreSQL: its output, and what it does not change."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.given import SCHEMA, Refused, given_database
from tests.pgbouncer import needs_pgbouncer, pgbouncer
from tests.postgres.test_schema import execute, rows, snapshot
from tests.process.service import ROOT, environment

pytestmark = pytest.mark.postgres


@pytest.mark.process
def test_all_results_are_printed_and_other_tables_are_unchanged(
    database_url: str, tmp_path: Path
) -> None:
    execute(database_url, "INSERT INTO users (id) VALUES ('ada')")
    execute(database_url, "INSERT INTO tasks (user_id, title) VALUES ('ada', 'mine')")
    before = snapshot(database_url)
    after = tmp_path / "after.sql"
    after.write_text("ALTER TABLE tasks ALTER completed SET DEFAULT true")
    command = [sys.executable, "-m", "tests.conformance", "tests/contract/test_task_repository.py"]

    run = subprocess.run(
        [*command, "-k", "returned_unchanged or numbers_grow or sees_none"],
        cwd=ROOT,
        env=environment(URL=database_url, AFTER=str(after)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 1, run.stdout + run.stderr
    assert "  DOES NOT  an added task is returned unchanged\n            Assert" in run.stdout
    assert "  holds     numbers grow and are never used again\n" in run.stdout
    assert "  holds     a user without tasks sees none (5 cases)\n" in run.stdout
    assert "\n2 checks hold and 1 do not, on PostgreSQL 18" in run.stdout
    assert snapshot(database_url) == before


def refusal(url: str) -> str:
    with pytest.raises(Refused) as refused, given_database(url):
        pass
    return str(refused.value)


def test_the_error_of_a_role_that_may_not_create_a_schema_names_the_grant(
    empty_database_url: str,
) -> None:
    execute(empty_database_url, "CREATE ROLE tenant LOGIN")
    url = empty_database_url.replace("postgres@", "tenant@", 1)

    said = refusal(url)

    assert "the role tenant may not create a schema in the database" in said
    execute(empty_database_url, said.partition("run ")[2])
    with given_database(url):
        pass
    execute(empty_database_url, "DROP OWNED BY tenant; DROP ROLE tenant")


NEON_AUTH = 'CREATE SCHEMA neon_auth; CREATE TABLE neon_auth."user" (id uuid PRIMARY KEY)'


@pytest.mark.parametrize(
    ("prepared", "said"),
    [(f"CREATE SCHEMA {SCHEMA}", "another run is using it"), (NEON_AUTH, "users of Neon Auth")],
    ids=["the schema is there", "Neon Auth"],
)
def test_a_database_that_cannot_be_examined_is_refused_and_left_as_it_is(
    empty_database_url: str, prepared: str, said: str
) -> None:
    execute(empty_database_url, prepared)
    schemas = "SELECT nspname FROM pg_namespace ORDER BY 1"
    before = rows(empty_database_url, schemas)
    assert said in refusal(empty_database_url)
    assert rows(empty_database_url, schemas) == before


@pytest.mark.parametrize(
    "url", ["", "host=localhost", "postgresql://127.0.0.1:1/x", "postgres://["]
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    assert refusal(url).startswith(("URL ", "the database cannot be reached: "))


def test_the_options_of_the_url_are_kept(empty_database_url: str) -> None:
    with given_database(f"{empty_database_url}&options=-cstatement_timeout%3D5s") as database:
        assert rows(database.url, "SHOW statement_timeout") == [("5s",)]
        assert rows(database.url, "SELECT current_schema()") == [(SCHEMA,)]


@needs_pgbouncer
def test_behind_a_pooler_the_role_chooses_the_schema(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pgbouncer(empty_database_url, tmp_path, server_connections=2) as url:
        said = refusal(url)
    execute(empty_database_url, said.partition("run ")[2].partition(";")[0])
    with (
        pgbouncer(empty_database_url, tmp_path, server_connections=2) as url,
        given_database(url) as database,
        database.migrated() as migrated,
    ):
        assert rows(migrated, f"SELECT count(*) FROM {SCHEMA}.tasks") == [(0,)]
    assert rows(empty_database_url, f"SELECT to_regnamespace('{SCHEMA}')") == [(None,)]
