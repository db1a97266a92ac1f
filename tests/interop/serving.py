"""Run the service beside a Better Auth."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.postgres.database import Database
from tests.in_process import ServiceHere, serving_here
from tests.interop.frontend import SECRET, BetterAuth


@contextmanager
def serving(
    database_url: str, frontend: BetterAuth | None, **settings: str
) -> Iterator[ServiceHere]:
    """Run the service, which verifies with the frontend's keys, or with SECRET if it is None."""
    verifying = (
        {"BETTER_AUTH_SECRET": SECRET}
        if frontend is None
        else {"BETTER_AUTH_JWKS_URL": frontend.jwks_url}
    )
    with serving_here(NEON_DB_URL=database_url, **verifying, **settings) as service:
        yield service


def migrate(database_url: str, users_table: str | None) -> None:
    """Do what `tasks-api migrate` does, which must succeed."""
    asyncio.run(Database(url=database_url, users_table=users_table).migrate())
