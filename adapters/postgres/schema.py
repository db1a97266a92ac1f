"""Bringing a database's schema up to date."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any constant will do, as long as nothing else that shares the database locks it.
_LOCK: Final = 0x7461736B73617069


def upgrade(connection: Connection, users_table: str) -> None:
    """Run every migration that ``connection``'s database lacks, within its open transaction.

    ``users_table`` is the table that tasks refer to. Raises SchemaConflict when tables that are
    already there cannot be adopted.
    """
    # The lock belongs to the transaction: it holds through a transaction-mode pooler too, and
    # whoever waits for it finds the work done.
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(migration_config(connection, users_table), "head")


def migration_config(connection: Connection, users_table: str) -> Config:
    """Alembic's configuration to run migrations over ``connection``."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["users_table"] = users_table
    return config
