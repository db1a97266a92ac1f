"""Translate the driver's errors into the application's."""

from typing import Final

import psycopg
from psycopg import errors

from adapters.postgres.connect_failure import ConnectFailed, explain
from application.errors import (
    ApplicationError,
    InvalidConfiguration,
    SchemaConflict,
    StorageUnavailable,
)

# Their messages quote the row, and the log must not contain a task's text.
_QUOTES_THE_ROW: Final = (psycopg.IntegrityError, psycopg.DataError)


def operation_failure(error: Exception) -> StorageUnavailable:
    """Return the error to raise for an operation that failed with ``error``."""
    if isinstance(error, _QUOTES_THE_ROW):
        return StorageUnavailable(f"{type(error).__name__} ({error.sqlstate})")
    if isinstance(error, ConnectFailed):
        return StorageUnavailable(str(error))
    message = _message(error)
    if isinstance(error, errors.ReadOnlySqlTransaction):
        # Reads succeed, so this may last unnoticed.
        message = str(explain(message))
    return StorageUnavailable(f"{type(error).__name__}: {message}")


def cause_to_log(error: Exception) -> Exception | None:
    """Return ``error`` if it may be logged as a cause, else None."""
    return None if isinstance(error, _QUOTES_THE_ROW) else error


def preparation_failure(error: Exception, setting: str) -> ApplicationError:
    """Return the error to raise for a preparation of the schema that failed with ``error``.

    ``setting`` names the database.
    """
    if isinstance(error, ConnectFailed):
        kind = InvalidConfiguration if error.problem.lasts else StorageUnavailable
        return kind(str(error))
    message = _message(error)
    if isinstance(error, errors.LockNotAvailable):
        return StorageUnavailable(
            "another session holds a lock on a table that has to change; "
            "gave up so as not to block other queries"
        )
    # Unreachable, overloaded or read-only: temporary. A missing privilege is not.
    if isinstance(error, psycopg.OperationalError | psycopg.InternalError | OSError):
        return StorageUnavailable(f"{setting}: {explain(message)}")
    return SchemaConflict(f"the database refused to set up the tables: {message}")


def _message(error: Exception) -> str:
    # Only the first line: the detail may quote a row.
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    # A log line must not end after a colon.
    return said.partition("\n")[0].rstrip(" :") or type(error).__name__
