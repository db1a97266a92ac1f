"""The service beside a Better Auth."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.frontend import SECRET, BetterAuth
from tests.process.service import Service, run, started


@contextmanager
def serving(
    folder: Path, database_url: str, frontend: BetterAuth | None, **settings: str
) -> Iterator[Service]:
    """Start the service, which verifies with the frontend's keys; without one, with SECRET."""
    verifying = (
        {"BETTER_AUTH_SECRET": SECRET}
        if frontend is None
        else {"BETTER_AUTH_JWKS_URL": frontend.jwks_url}
    )
    settings = {"NEON_DB_URL": database_url} | verifying | settings
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service


def migrate(folder: Path, database_url: str, users_table: str) -> str:
    """Run our migration, as `tasks-api migrate` does; what it says, once it has succeeded."""
    result = run("migrate", cwd=folder, NEON_DB_URL=database_url, USERS_TABLE=users_table)
    assert result.returncode == 0, result.stderr
    return result.stdout
