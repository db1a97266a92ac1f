"""Run the service beside a Better Auth."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.frontend import SECRET, BetterAuth
from tests.process.service import Service, run, started


@contextmanager
def serving(
    folder: Path, database_url: str, frontend: BetterAuth | None, **settings: str
) -> Iterator[Service]:
    """Start the service, which verifies with the frontend's keys, or with SECRET if it is None."""
    verifying = (
        {"BETTER_AUTH_SECRET": SECRET}
        if frontend is None
        else {"BETTER_AUTH_JWKS_URL": frontend.jwks_url}
    )
    settings = {"NEON_DB_URL": database_url} | verifying | settings
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service


def migrate(folder: Path, database_url: str, users_table: str | None) -> str:
    """Run `tasks-api migrate`, which must succeed, and return its output."""
    setting = {} if users_table is None else {"USERS_TABLE": users_table}
    result = run("migrate", cwd=folder, NEON_DB_URL=database_url, **setting)
    assert result.returncode == 0, result.stderr
    return result.stdout
