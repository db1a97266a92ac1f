"""What a driver's error means to the application."""

import re
from typing import Final

import psycopg
from psycopg import errors

from application.errors import (
    ApplicationError,
    InvalidConfiguration,
    SchemaConflict,
    StorageUnavailable,
)

# What libpq says of a parameter that it knows but whose value is invalid.
_INVALID_PARAMETER: Final = re.compile(r"invalid (\S+ value|port number|integer value): ")


# Their messages quote the row, and a log must not hold a task's text.
_QUOTES_THE_ROW: Final = (psycopg.IntegrityError, psycopg.DataError)


def operation_failure(error: Exception) -> StorageUnavailable:
    """Return the error to raise for an operation that failed with ``error``."""
    if isinstance(error, _QUOTES_THE_ROW):
        return StorageUnavailable(f"{type(error).__name__} ({error.sqlstate})")
    return StorageUnavailable(f"{type(error).__name__}: {_message(error)}")


def cause_to_log(error: Exception) -> Exception | None:
    """Return ``error`` if it may be logged as a cause."""
    return None if isinstance(error, _QUOTES_THE_ROW) else error


def preparation_failure(error: Exception) -> ApplicationError:
    """Return the error to raise for a preparation of the schema that failed with ``error``."""
    message = _message(error)
    if _INVALID_PARAMETER.search(message):
        return InvalidConfiguration(f"NEON_DB_URL has an invalid parameter: {message}")
    if isinstance(error, errors.LockNotAvailable):
        return StorageUnavailable(
            "another session holds a lock on a table that has to change; "
            "gave up so as not to block other queries"
        )
    # Unreachable, overloaded or read-only: this may pass. A missing privilege does not.
    if isinstance(error, psycopg.OperationalError | psycopg.InternalError | OSError):
        return StorageUnavailable(message)
    return SchemaConflict(f"the database refused to set up the tables: {message}")


def _message(error: Exception) -> str:
    # One line, without the detail, which may quote a row.
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    return said.partition("\n")[0]
