"""The database that serves: an operation in time, and a schema that is up to date."""

import asyncio
import os
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import psycopg
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres import schema, statements
from adapters.postgres.connection import Row
from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from adapters.postgres.statements import Statement
from application.errors import (
    ApplicationError,
    InvalidConfiguration,
    SchemaConflict,
    StorageUnavailable,
)

ANSWER_WITHIN: Final = 6.5
"""Seconds after which a caller has its answer, whatever the database does.

With the 3 s that a key set may take, a request stays within its 10; a sleeping Neon compute takes
up to 5 to wake.
"""

POOL_SIZE: Final = 10
"""Most connections of one process."""

# What would meet the next operation, too, if it did not connect anew. A session may stay read-only
# for as long as it lasts, and so does a server that another one has replaced. A prepared statement
# may be unknown behind a pooler that is not seen to be one, or of no use after a column's change.
_OF_THE_SESSION: Final = (
    errors.ReadOnlySqlTransaction,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)


class Session(Protocol):
    """A connection borrowed for one operation. Each statement is a transaction of its own."""

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """The rows that ``statement`` returns."""
        ...


class _ObservedSession:
    """A session whose statements somebody watches."""

    def __init__(self, session: Session, observer: DatabaseObserver) -> None:
        self._session = session
        self._observer = observer

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        with self._observer.statement(statement.text):
            return await self._session.run(statement, parameters)


class Database:
    """A PostgreSQL database that holds, or is to hold, the tables."""

    def __init__(
        self,
        *,
        url: str,
        users_table: str,
        migrate_on_start: bool = True,
        observer: DatabaseObserver | None = None,
    ) -> None:
        """Connect to nothing yet. Raise InvalidConfiguration when ``url`` is none.

        Without ``migrate_on_start`` preparing changes nothing, and waits for somebody else to
        bring the schema up to date.
        """
        self._dsn = Dsn(url)
        self._users_table = users_table
        self._migrate_on_start = migrate_on_start
        self._pool = Pool(self._dsn, size=POOL_SIZE)
        self._prepared = False
        self._preparing: list[psycopg.AsyncConnection] = []
        self._observer = observer
        if observer is not None:
            observer.watch_pool(self._pool.use)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Borrow a connection for one operation.

        Every error of the driver leaves as StorageUnavailable; the operation fails with it when
        it has not ended ANSWER_WITHIN seconds from now.
        """
        if not self._prepared:
            raise StorageUnavailable("the schema has not been prepared yet")
        started = time.monotonic()
        connection = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                connection = await self._pool.borrow()
                try:
                    if self._observer is None:
                        yield connection
                    else:
                        self._observer.got_connection(time.monotonic() - started)
                        yield _ObservedSession(connection, self._observer)
                except _OF_THE_SESSION:
                    connection.close()
                    raise
                finally:
                    self._pool.give_back(connection)
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            # Their details quote the row, and a log must not hold a task's text.
            raise StorageUnavailable(f"{type(error).__name__} ({error.sqlstate})") from None
        except (psycopg.Error, OSError) as error:
            if connection is None and self._observer is not None:
                self._observer.no_connection(time.monotonic() - started, error)
            raise _unavailability(
                error, "connection" if connection is None else "answer"
            ) from error

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date, or see that it is, as Storage.prepare promises."""
        step = schema.migrate if self._migrate_on_start else schema.require
        await self._prepare(lambda connection: step(connection, self._users_table), within)
        self._prepared = True

    async def migrate(self, *, to: str | None = None) -> None:
        """Bring the schema to the newest revision or to another one, back or forth.

        Raises as Storage.prepare does, and InvalidConfiguration when there is no such revision.
        """
        await self._prepare(lambda connection: schema.migrate(connection, self._users_table, to))

    async def _prepare(
        self, step: Callable[[sa.Connection], None], within: float | None = None
    ) -> None:
        engine = create_async_engine(
            "postgresql+psycopg://", async_creator=self._connect_to_prepare, poolclass=NullPool
        )
        watchdog = None
        if within is not None:
            loop = asyncio.get_running_loop()
            watchdog = loop.call_later(within, self._give_up_preparing)
        try:
            async with asyncio.timeout(within):
                connection = await engine.connect()
            try:
                await connection.run_sync(step)
                await connection.commit()
            finally:
                await connection.close()
        except TimeoutError as error:
            raise StorageUnavailable(f"no connection within {within:g} s") from error
        except SQLAlchemyError as error:
            raise _preparation_error(getattr(error, "orig", None) or error) from error
        except (psycopg.Error, OSError) as error:
            raise _preparation_error(error) from error
        finally:
            self._preparing.clear()
            if watchdog is not None:
                watchdog.cancel()

    async def _connect_to_prepare(self) -> psycopg.AsyncConnection:
        connection = await self._dsn.connect(autocommit=False)
        self._preparing.append(connection)
        return connection

    def _give_up_preparing(self) -> None:
        for connection in self._preparing:
            _hang_up(connection)

    async def check(self) -> None:
        """Raise StorageUnavailable unless the tasks table answers."""
        async with self.session() as session:
            await session.run(statements.CHECK, {})

    async def close(self) -> None:
        """Close every idle connection, and give up a preparation that is under way."""
        self._give_up_preparing()
        self._pool.close()


# What libpq says of a parameter that it knows and whose value it does not.
_WRONG_PARAMETER: Final = re.compile(r"invalid (\S+ value|port number|integer value): ")


def _message(error: Exception) -> str:
    # One line, without the detail, which may quote a row.
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    return said.partition("\n")[0]


def _unavailability(error: Exception, missing: str) -> StorageUnavailable:
    if isinstance(error, TimeoutError):
        return StorageUnavailable(f"no {missing} within {ANSWER_WITHIN:g} s")
    return StorageUnavailable(f"{type(error).__name__}: {_message(error)}")


def _preparation_error(error: Exception) -> ApplicationError:
    message = _message(error)
    if _WRONG_PARAMETER.search(message):
        return InvalidConfiguration(f"NEON_DB_URL has a parameter that is wrong: {message}")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return StorageUnavailable(
            "another session keeps a lock on a table that has to change, and nobody is to wait "
            "behind this one for it"
        )
    # Out of reach, overloaded, read-only: may pass. A refusal, as for lack of a privilege, not.
    if isinstance(error, psycopg.OperationalError | psycopg.InternalError | OSError):
        return StorageUnavailable(message)
    return SchemaConflict(f"the database refused to set up the tables: {message}")


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    # What runs on it fails at once. Cancelling it would first ask the server.
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as sock,
    ):
        sock.shutdown(socket.SHUT_RDWR)
