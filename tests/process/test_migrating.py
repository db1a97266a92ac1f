"""Migrations by `tasks-api serve` and `tasks-api migrate`, but not by Alembic's command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.calling import Call
from tests.contract.conftest import add_users
from tests.images.six_operations import mint, perform_all
from tests.postgres.test_revisions import HEAD, NEWER
from tests.process.service import ROOT, SECRET, started

pytestmark = [pytest.mark.process, pytest.mark.postgres]


@pytest.mark.conformance
def test_a_service_that_may_not_migrate_waits_for_the_migration_and_serves(
    call: Call, empty_database_url: str, tmp_path: Path
) -> None:
    settings = {
        "NEON_DB_URL": empty_database_url,
        "BETTER_AUTH_SECRET": SECRET,
        "MIGRATE_ON_START": "false",
    }
    with started("serve", "--host", "127.0.0.1", cwd=tmp_path, **settings) as service:
        service.wait_until_ready("/health/live")
        assert service.get("/health/ready").status_code == 503
        assert "run `tasks-api migrate`" in service.logged(logger="entrypoints.http.app")["message"]

        migrated = call("migrate", **settings)
        assert (migrated.returncode, migrated.stdout) == (0, "the schema is up to date\n")
        service.wait_until_ready()
        add_users(empty_database_url, "ada")
        perform_all(service.url, token=mint(SECRET, "ada"), user="ada")


@pytest.mark.conformance
def test_the_schema_is_migrated_to_the_given_revision(call: Call, empty_database_url: str) -> None:
    def migrate(to: str) -> tuple[int, str]:
        result = call("migrate", "--to", to, NEON_DB_URL=empty_database_url)
        return result.returncode, result.stdout or result.stderr.splitlines()[-1]

    assert HEAD is not None
    assert migrate(HEAD) == (0, f"the schema is at revision {HEAD}\n")
    assert migrate(NEWER) == (2, f"tasks-api: there is no revision {NEWER}")


def test_memory_has_nothing_to_migrate(call: Call) -> None:
    result = call("migrate", STORAGE="memory")
    assert (result.returncode, result.stdout) == (0, "the schema is up to date\n")


def test_alembics_command_names_the_commands_that_migrate() -> None:
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "only `tasks-api migrate` and `make run`" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
