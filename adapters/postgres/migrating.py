"""Bring a database's schema up to date."""

import logging
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

from adapters.postgres.dsn import ENCODING
from adapters.postgres.migrations.users import provide_users, refer_to_users
from application.errors import InvalidConfiguration, SchemaConflict, StorageUnavailable

logger = logging.getLogger(__name__)

VERSION_TABLE: Final = "tasks_api_schema_version"
"""Not Alembic's default name: the database may hold another application's history."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any constant that no other program in this database locks.
_LOCK: Final = 0x7461736B73617069

# Other queries of a table wait behind a migration that waits for it.
_WAIT_FOR_A_TABLE: Final = "3s"

_GRANTS: Final = "run deploy/grants.sql as the role that migrates"

_PRIVILEGES: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")


def migrate(connection: Connection, users_table: str, to: str | None = None) -> None:
    """Run every migration that ``connection``'s database lacks, within its open transaction.

    ``users_table`` is the table that tasks refer to from now on. ``to`` is the revision to go to,
    back or forth, instead of the newest. A database that a newer program has migrated is left as it
    is: migrations only add, so that this program can serve on it.

    Raises SchemaConflict when tables that are already there cannot be adopted or the database
    cannot hold every text, and InvalidConfiguration when there is no revision ``to``.
    """
    _require_encoding(connection)
    # The lock belongs to the transaction, so it also works through a transaction-mode pooler. Other
    # processes wait for it and then find the work done.
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        logger.info("waiting for another process, which is preparing the schema")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_A_TABLE}'"))
    config = migration_config(connection, users_table)
    history = _History(config, connection)
    if history.is_newer_than_this_program:
        history.warn()
        if to is None:
            return
        raise InvalidConfiguration(
            f"the schema is at revision {history.current}, which is newer than this program: "
            "let the program that made it go back"
        )
    try:
        if to is None:
            command.upgrade(config, "head")
        elif history.has_passed(to):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
        _follow(connection, users_table)
    except (IntegrityError, DataError) as error:
        # Their details quote the row, and a log must not hold a task's text.
        raise _refusal(error, with_detail=False) from None
    except (ProgrammingError, NotSupportedError) as error:
        # Here the detail names the obstacle, such as a view on a column.
        raise _refusal(error, with_detail=True) from error


def require(connection: Connection, users_table: str) -> None:
    """Raise StorageUnavailable unless the schema is up to date. Change nothing.

    The role needs no more privileges than serving does: to use the table tasks, and to read the
    schema's revision. Raises SchemaConflict when the database cannot hold every text.
    """
    _require_encoding(connection)
    config = migration_config(connection, users_table)
    try:
        history = _History(config, connection)
    except ProgrammingError as error:
        driver_error: Any = error.orig
        message = driver_error.diag.message_primary
        raise StorageUnavailable(f"{message}: {_GRANTS}") from error
    if history.is_newer_than_this_program:
        history.warn()
    elif history.current != history.newest:
        raise StorageUnavailable(
            f"the schema is at revision {history.current or '(none)'} and has to be at "
            f"{history.newest}: run `tasks-api migrate`"
        )
    owners = _owners(connection)
    if owners != [users_table]:
        raise StorageUnavailable(
            f"tasks refer to the table {', '.join(owners) or '(none)'} and USERS_TABLE names "
            f"{users_table}: set it to the table that Better Auth fills, and run "
            "`tasks-api migrate` with it if tasks do not refer to that one"
        )
    missing = connection.scalars(text(_MISSING_PRIVILEGES), {"privileges": list(_PRIVILEGES)})
    if lacking := ", ".join(missing):
        raise StorageUnavailable(f"the role may not {lacking} in the table tasks: {_GRANTS}")


def _require_encoding(connection: Connection) -> None:
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != ENCODING:
        raise SchemaConflict(
            f"the database has the encoding {encoding} and has to have {ENCODING}, for titles in "
            "every script: an encoding cannot be changed, so use a database that was made with it"
        )


class _History:
    """Revision of a database's schema, compared with those that this program knows."""

    def __init__(self, config: Config, connection: Connection) -> None:
        self._scripts = ScriptDirectory.from_config(config)
        options = {"version_table": VERSION_TABLE}
        revisions = MigrationContext.configure(connection, opts=options).get_current_heads()
        if len(revisions) > 1:
            raise SchemaConflict(
                f"the table {VERSION_TABLE} holds more than one revision: {', '.join(revisions)}"
            )
        self.current = revisions[0] if revisions else None
        self.newest = self._scripts.get_current_head()

    @property
    def is_newer_than_this_program(self) -> bool:
        return self.current is not None and not self._knows(self.current)

    def has_passed(self, revision: str) -> bool:
        """Return whether the schema includes ``revision``. Raise InvalidConfiguration."""
        if not self._knows(revision):
            raise InvalidConfiguration(f"there is no revision {revision}")
        passed = self._scripts.iterate_revisions(self.current or "base", "base")
        return revision in {script.revision for script in passed}

    def warn(self) -> None:
        logger.warning(
            "the schema is at revision %s, made by a newer program than this one, which knows "
            "revisions up to %s; it is left as it is",
            self.current,
            self.newest,
        )

    def _knows(self, revision: str) -> bool:
        return revision in {script.revision for script in self._scripts.walk_revisions()}


def _refusal(error: DBAPIError, *, with_detail: bool) -> SchemaConflict:
    driver_error: Any = error.orig
    said = driver_error.diag
    detail = f" ({said.message_detail})" if with_detail and said.message_detail else ""
    return SchemaConflict(
        f"the database refused to set up the tables: {said.message_primary}{detail}"
    )


def _follow(connection: Connection, users_table: str) -> None:
    # USERS_TABLE is a setting, and may have changed since the last start.
    owners = _owners(connection)
    if owners != [users_table]:
        # A table created here would be empty, and replace the one that holds the users.
        if owners and not inspect(connection).has_table(users_table):
            raise SchemaConflict(
                f"the table {users_table}, which USERS_TABLE names, is not there, and tasks refer "
                f"to the table {owners[0]}: set USERS_TABLE to that, or make the other one first"
            )
        with Operations.context(MigrationContext.configure(connection)):
            provide_users(connection, users_table)
            refer_to_users(connection, users_table)


def _owners(connection: Connection) -> list[str]:
    keys = inspect(connection).get_foreign_keys("tasks")
    return [key["referred_table"] for key in keys if key["constrained_columns"] == ["user_id"]]


def migration_config(connection: Connection, users_table: str) -> Config:
    """Return Alembic's configuration for running migrations on ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["users_table"] = users_table
    config.attributes["version_table"] = VERSION_TABLE
    return config


_MISSING_PRIVILEGES: Final = """
    SELECT privilege FROM unnest(CAST(:privileges AS text[])) privilege
    WHERE NOT has_table_privilege('tasks', privilege)
"""
