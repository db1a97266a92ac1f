"""Inspect the database in read-only transactions."""

import time
from typing import Final

import sqlalchemy as sa

from adapters.postgres.database import Database
from adapters.postgres.server_checks import Server
from adapters.postgres.table_checks import check_tables, guarded
from adapters.postgres.user_check import NAME as USER
from adapters.postgres.user_check import check_user
from application.check import Check
from application.errors import ApplicationError

INSPECT_WITHIN: Final = 20
"""Seconds that connecting and all checks together may take."""

STATEMENT_WITHIN: Final = 3
"""Seconds that one of the statements may take, including waits for locks."""


class PostgresInspection:
    """Checks whether the database meets the requirements of a start."""

    def __init__(self, *, database: Database, migrate_on_start: bool) -> None:
        """``migrate_on_start``: whether a start may change the schema."""
        self._database = database
        self._migrates = migrate_on_start

    async def checks(self) -> list[Check]:
        database = self._database
        found = [
            Check.warning("database", warning, "remove it from the URL")
            for warning in database.warnings
        ]
        began = time.perf_counter()

        def inspect(connection: sa.Connection) -> None:
            connect_seconds = time.perf_counter() - began
            server = Server(connection)
            _limit(connection)
            place = f"{database.setting} is {database.preparation.place}"
            found.extend(server.checks(connection, place=place, connect_seconds=connect_seconds))
            found.extend(check_tables(connection, database.users_table, migrates=self._migrates))

        try:
            await database.preparation.run(inspect, within=INSPECT_WITHIN)
        except ApplicationError as error:
            found.append(Check.failure("database", str(error)))
        return found

    async def check_user(self, subject: str) -> Check:
        database = self._database

        def check(connection: sa.Connection) -> Check:
            _limit(connection)
            return guarded(
                connection,
                USER,
                lambda: check_user(
                    connection, database.users_table, subject, place=database.preparation.place
                ),
            )

        try:
            return await database.preparation.run(check, within=INSPECT_WITHIN)
        except ApplicationError as error:
            return Check.failure(USER, f"not looked for: {error}")


def _limit(connection: sa.Connection) -> None:
    """Make the transaction read-only, and limit its statements' time."""
    connection.execute(sa.text("SET TRANSACTION READ ONLY"))
    connection.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_WITHIN * 1000:.0f}"))
