"""Bring a database's schema up to date."""

import logging
from typing import Any, Final, NamedTuple

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

from adapters.postgres import history as revisions
from adapters.postgres.dsn import ENCODING
from adapters.postgres.errors import NotServable
from adapters.postgres.facts import QUERY, Facts
from adapters.postgres.following import (
    drift,
    follow,
    is_there,
    provide_users,
    require_the_users,
    warn_of_other_tasks,
)
from adapters.postgres.history import History
from adapters.postgres.migrations.obstacles import require_no_hidden_rows, require_no_obstacles
from adapters.postgres.table_name import TableName
from adapters.postgres.users_table import UsersTable
from application.errors import InvalidConfiguration, SchemaConflict

logger = logging.getLogger(__name__)

# An arbitrary constant that no other program in the database uses for advisory locks.
_LOCK: Final = 0x7461736B73617069

# While a migration waits for a table, other sessions that use the table wait behind it.
_WAIT_FOR_A_TABLE: Final = "3s"

_GRANTS: Final = "run deploy/grants.sql as the role that migrates"


class Prepared(NamedTuple):
    """What a preparation has found."""

    facts: Facts
    revision: str
    """The revision of the schema."""


def migrate(connection: Connection, setting: TableName | None, to: str | None = None) -> Prepared:
    """Run the missing migrations in the open transaction of ``connection``.

    ``setting`` names the users table; None means to find it. ``to`` is a revision to go to, forward
    or back, instead of the newest. A database that a newer program has migrated is not changed:
    migrations only add, so this program can serve on it. Tables that have vanished or changed since
    their migration are made or adopted again.

    Raise SchemaConflict if existing tables cannot be adopted or the database's encoding is not
    UTF-8, NotServable if rows are hidden, and InvalidConfiguration if the revision ``to`` does not
    exist or the setting is needed.
    """
    require_encoding(connection)
    # The lock belongs to the transaction, so it also holds through a transaction-mode pooler. The
    # next process that gets it finds the work done.
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        logger.info("waiting for another process, which is preparing the schema")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_FOR_A_TABLE}'"))
    connection.execute(text(_ON_CITUS))
    history = History(connection)
    if history.is_newer_than_this_program:
        history.warn()
        if to is None:
            return _require_servable(connection)
        raise InvalidConfiguration(
            f"the schema is at revision {history.current}, which is newer than this program: "
            "let the program that made it go back"
        )
    if history.current is None and not is_there(connection, "tasks"):
        warn_of_other_tasks(connection)
    try:
        users = provide_users(connection, setting)
        config = migration_config(connection, users)
        if history.current is not None and not is_there(connection, "tasks"):
            logger.warning("the table tasks has vanished and is made again")
            command.stamp(config, "base")
            history = History(connection)
        if to is None:
            command.upgrade(config, "head")
        elif history.has_passed(to):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
        follow(connection, users)
    except (IntegrityError, DataError) as error:
        # Their details quote the row, and the log must not contain a task's text.
        raise _refusal(error, with_detail=False) from None
    except (ProgrammingError, NotSupportedError) as error:
        # The detail names the obstacle, such as a view on a column.
        raise _refusal(error, with_detail=True) from error
    return _require_servable(connection)


def require(connection: Connection, setting: TableName | None) -> Prepared:
    """Raise NotServable unless the schema is up to date. Change nothing.

    The role only needs the privileges for serving: on the table tasks, and to read the revision of
    the schema. Raise SchemaConflict if the database's encoding is not UTF-8, or statements could
    fail.
    """
    require_encoding(connection)
    history = readable_history(connection)
    if history.is_newer_than_this_program:
        history.warn()
    elif history.current != history.newest:
        raise NotServable(
            f"the schema is at revision {history.current or '(none)'} and has to be at "
            f"{history.newest}: run `tasks-api migrate`"
        )
    require_the_users(connection, setting)
    difference = None if history.is_newer_than_this_program else drift(connection)
    if difference is not None:
        raise NotServable(f"{difference}: run `tasks-api migrate`")
    return _require_servable(connection)


def readable_history(connection: Connection) -> History:
    """Return the history. Raise NotServable if this role may not read it."""
    try:
        return History(connection)
    except ProgrammingError as error:
        driver_error: Any = error.orig
        raise NotServable(f"{driver_error.diag.message_primary}: {_GRANTS}") from error


def require_encoding(connection: Connection) -> None:
    """Raise SchemaConflict unless the database can hold every text."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != ENCODING:
        raise SchemaConflict(
            f"the database has the encoding {encoding} and has to have {ENCODING}, for titles in "
            "every script: an encoding cannot be changed, so use a database that was made with it"
        )


def _require_servable(connection: Connection) -> Prepared:
    row = connection.execute(text(QUERY)).one_or_none()
    if row is None:
        raise NotServable("there is no table tasks: run `tasks-api migrate`")
    require_privileges(connection)
    require_no_hidden_rows(connection)
    require_no_obstacles(connection)
    return Prepared(Facts(*row), History(connection).current or "(none)")


def require_privileges(connection: Connection) -> None:
    """Raise NotServable unless this role may read and write tasks."""
    if lacking := ", ".join(connection.scalars(text(_MISSING_PRIVILEGES))):
        raise NotServable(f"the role may not {lacking} in the table tasks: {_GRANTS}")


def _refusal(error: DBAPIError, *, with_detail: bool) -> SchemaConflict:
    driver_error: Any = error.orig
    said = driver_error.diag
    detail = f" ({said.message_detail})" if with_detail and said.message_detail else ""
    return SchemaConflict(
        f"the database refused to set up the tables: {said.message_primary}{detail}"
    )


def migration_config(connection: Connection, users: UsersTable) -> Config:
    """Return Alembic's configuration to run migrations over ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(revisions.MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["users"] = users
    return config


# Needed for a foreign key from distributed tasks to a reference table: Citus then uses one
# connection per node and transaction.
_ON_CITUS: Final = """
    SELECT set_config('citus.multi_shard_modify_mode', 'sequential', true)
    FROM pg_extension WHERE extname = 'citus'
"""
_MISSING_PRIVILEGES: Final = """
    SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege
    WHERE NOT has_table_privilege('tasks', privilege)
"""
