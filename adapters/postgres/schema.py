"""Bringing a database's schema up to date."""

import logging
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
)

from adapters.postgres.migrations.users import provide_users, refer_to_users
from application.errors import SchemaConflict

logger = logging.getLogger(__name__)

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any constant will do, as long as nothing else that shares the database locks it.
_LOCK: Final = 0x7461736B73617069


def upgrade(connection: Connection, users_table: str) -> None:
    """Run every migration that ``connection``'s database lacks, within its open transaction.

    ``users_table`` is the table that tasks refer to from now on. Raises SchemaConflict when tables
    that are already there cannot be adopted.
    """
    # The lock belongs to the transaction: it holds through a transaction-mode pooler too, and
    # whoever waits for it finds the work done.
    if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}):
        logger.info("waiting for another process, which is preparing the schema")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    try:
        command.upgrade(migration_config(connection, users_table), "head")
        _follow(connection, users_table)
    except CommandError as error:
        raise SchemaConflict(
            "the schema is none that this program knows, probably because a newer one made it: "
            f"{error}; start that newer program"
        ) from error
    except (IntegrityError, DataError) as error:
        # Their details quote the row, and a log must not hold a task's text.
        raise _refusal(error, with_detail=False) from None
    except (ProgrammingError, NotSupportedError) as error:
        # Here the detail names what stands in the way, such as a view on a column.
        raise _refusal(error, with_detail=True) from error


def _refusal(error: DBAPIError, *, with_detail: bool) -> SchemaConflict:
    driver_error: Any = error.orig
    said = driver_error.diag
    detail = f" ({said.message_detail})" if with_detail and said.message_detail else ""
    return SchemaConflict(
        f"the database refused to set up the tables: {said.message_primary}{detail}"
    )


def _follow(connection: Connection, users_table: str) -> None:
    # Which table holds the users is a setting, and so may be another one than at the last start.
    keys = inspect(connection).get_foreign_keys("tasks")
    owners = [key["referred_table"] for key in keys if key["constrained_columns"] == ["user_id"]]
    if owners != [users_table]:
        with Operations.context(MigrationContext.configure(connection)):
            provide_users(connection, users_table)
            refer_to_users(connection, users_table)


def migration_config(connection: Connection, users_table: str) -> Config:
    """Alembic's configuration to run migrations over ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["users_table"] = users_table
    return config
