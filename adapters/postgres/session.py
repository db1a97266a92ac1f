"""Borrow a connection for one operation."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Final

import psycopg
from psycopg import errors

from adapters.postgres.connection import Connection
from adapters.postgres.driver_errors import cause_to_log, operation_failure
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from application.errors import StorageUnavailable
from application.fair_queue import User

ANSWER_WITHIN: Final = 6.5
"""Seconds after which an operation fails, even if the database does not respond.

Fetching a key set may take another 3 s, and a request 10 s in all. A suspended Neon compute takes
up to 5 s to wake.
"""

# These would recur on this connection, so it is closed. The session may be read-only, or its server
# replaced by another one. A prepared statement may be unknown behind an undetected pooler, or
# outdated after a change of a column.
_STALE_SESSION_ERRORS: Final = (
    errors.ReadOnlySqlTransaction,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
)

# Signs that the tables were dropped, replaced or changed since they were prepared.
_CHANGED_TABLES_ERRORS: Final = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
    errors.InvalidTextRepresentation,
    errors.NumericValueOutOfRange,
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.WrongObjectType,
    errors.FeatureNotSupported,
    errors.NotNullViolation,
    errors.CheckViolation,
    errors.UniqueViolation,
    errors.ExclusionViolation,
)


class Session:
    """Context manager that borrows a connection for one operation of ``user``.

    Each statement is its own transaction. Errors of the driver are raised as StorageUnavailable. So
    is the deadline; the server may still carry out the last statement then.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        user: User,
        observer: DatabaseObserver | None,
        tables_failed: Callable[[], None],
    ) -> None:
        """``tables_failed`` is called after errors that changed tables may have caused."""
        self._pool = pool
        self._user = user
        self._observer = observer
        self._tables_failed = tables_failed
        self._deadline: asyncio.TimerHandle
        self._place: asyncio.Future[None] | None = None
        self._connection: Connection | None = None
        self._is_late = False

    async def __aenter__(self) -> Connection:
        """Return the connection. Raises StorageUnavailable."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._deadline = loop.call_later(ANSWER_WITHIN, self._expire)
        try:
            self._place = self._pool.queue.enter(self._user)
            if self._place is not None:
                await self._pool.queue.wait(self._user, self._place)
            connection = self._pool.take(self._user)
            if connection is None:
                connection = await self._open(began + ANSWER_WITHIN)
        except BaseException as error:
            self._deadline.cancel()
            wait_has_ended = self._is_late and isinstance(error, asyncio.CancelledError)
            cause = TimeoutError() if wait_has_ended else error
            if self._observer is not None and isinstance(cause, Exception):
                self._observer.no_connection(loop.time() - began, cause)
            if isinstance(cause, TimeoutError):
                raise StorageUnavailable(f"no connection within {ANSWER_WITHIN:g} s") from cause
            if isinstance(cause, psycopg.Error | OSError):
                raise operation_failure(cause) from cause
            raise
        self._connection = connection
        if self._observer is not None:
            self._observer.got_connection(loop.time() - began)
        return connection

    async def _open(self, due: float) -> Connection:
        observer = self._observer
        with nullcontext() if observer is None else observer.connecting():
            async with asyncio.timeout_at(due):
                return await self._pool.open(self._user)

    def _expire(self) -> None:
        """End the statement under way, or the wait for a connection."""
        self._is_late = True
        if self._connection is not None:
            # The statement then fails with an error of the driver; the task is not cancelled.
            self._connection.give_up()
        elif self._place is not None:
            self._place.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the connection back."""
        connection = self._connection
        if connection is None:
            return
        self._deadline.cancel()
        if error is None:
            self._pool.give_back(connection)
            return
        try:
            if isinstance(error, _STALE_SESSION_ERRORS):
                await connection.close()
        finally:
            self._pool.give_back(connection)
        if isinstance(error, psycopg.Error | OSError):
            if connection.gave_up:
                raise StorageUnavailable(f"no answer within {ANSWER_WITHIN:g} s") from error
            if isinstance(error, _CHANGED_TABLES_ERRORS):
                self._tables_failed()
            raise operation_failure(error) from cause_to_log(error)
