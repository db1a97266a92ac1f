"""The database that serves requests: operations with a deadline, on a schema that is up to date."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Final

import psycopg
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres import migrating, statements
from adapters.postgres.connection import Connection
from adapters.postgres.driver_errors import cause_to_log, operation_failure, preparation_failure
from adapters.postgres.dsn import Driver, Dsn
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from application.errors import StorageUnavailable
from application.fair_queue import User

ANSWER_WITHIN: Final = 6.5
"""Seconds after which an operation fails, whatever the database does.

With the 3 s that fetching a key set may take, a request stays within its 10 s. A suspended Neon
compute takes up to 5 s to wake.
"""

# These would recur on this connection, so it is dropped. A session may stay read-only while it
# lasts, and so does a server that has been replaced. A prepared statement may be unknown behind an
# undetected pooler, or useless after a column has changed.
_STALE_SESSION_ERRORS: Final = (
    errors.ReadOnlySqlTransaction,
    errors.InvalidSqlStatementName,
    errors.DuplicatePreparedStatement,
    errors.FeatureNotSupported,
)


class Database:
    """A PostgreSQL database that holds the tables, or will once it is prepared."""

    def __init__(
        self,
        *,
        url: str,
        users_table: str,
        migrate_on_start: bool = True,
        observer: DatabaseObserver | None = None,
    ) -> None:
        """Raise InvalidConfiguration unless ``url`` is a PostgreSQL URL. Do not connect yet.

        Without ``migrate_on_start`` preparing changes nothing, and fails until the schema has been
        brought up to date by ``tasks-api migrate``.
        """
        self._dsn = Dsn(url)
        self._users_table = users_table
        self._migrate_on_start = migrate_on_start
        self._pool = Pool(self._dsn, observe=observer.statement if observer else nullcontext)
        self._prepared = False
        self._preparing: list[Driver] = []
        self._observer = observer
        if observer is not None:
            observer.watch_pool(self._pool.use)

    @asynccontextmanager
    async def session(self, user: User) -> AsyncIterator[Connection]:
        """Borrow a connection for one operation of ``user`` (None: of the service itself).

        Each statement is a transaction of its own. Every error of the driver leaves as
        StorageUnavailable. The operation fails with it if it needs the connection longer than
        ANSWER_WITHIN seconds from now; the server may still carry out its last statement.
        """
        if not self._prepared:
            raise StorageUnavailable("the schema has not been prepared yet")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_WITHIN
        connection = await self._connection(user, deadline)
        # Cancelling psycopg's wait would first ask the server to cancel.
        expiry = loop.call_at(deadline, connection.give_up)
        try:
            yield connection
        except (psycopg.Error, OSError) as error:
            if connection.gave_up:
                raise StorageUnavailable(f"no answer within {ANSWER_WITHIN:g} s") from error
            if isinstance(error, _STALE_SESSION_ERRORS):
                await connection.close()
            raise operation_failure(error) from cause_to_log(error)
        finally:
            expiry.cancel()
            await self._pool.give_back(connection)

    async def _connection(self, user: User, deadline: float) -> Connection:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            connection = self._pool.borrow_now(user)
            if connection is None:
                async with asyncio.timeout_at(deadline):
                    connection = await self._pool.borrow(user)
        except (psycopg.Error, OSError) as error:
            if self._observer is not None:
                self._observer.no_connection(loop.time() - started, error)
            if isinstance(error, TimeoutError):
                raise StorageUnavailable(f"no connection within {ANSWER_WITHIN:g} s") from error
            raise operation_failure(error) from error
        if self._observer is not None:
            self._observer.got_connection(loop.time() - started)
        return connection

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date, or check that it is, as Storage.prepare promises."""
        step = migrating.migrate if self._migrate_on_start else migrating.require
        await self._prepare(lambda connection: step(connection, self._users_table), within)
        self._prepared = True

    async def migrate(self, *, to: str | None = None) -> None:
        """Bring the schema to the newest revision or to revision ``to``, forward or back.

        Raises as Storage.prepare does, and InvalidConfiguration if there is no such revision.
        """
        await self._prepare(lambda connection: migrating.migrate(connection, self._users_table, to))

    async def _prepare(
        self, step: Callable[[sa.Connection], None], within: float | None = None
    ) -> None:
        engine = create_async_engine(
            "postgresql+psycopg://", async_creator=self._connect_to_prepare, poolclass=NullPool
        )
        expiry = None
        if within is not None:
            expiry = asyncio.get_running_loop().call_later(within, self._give_up_preparing)
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
            raise preparation_failure(getattr(error, "orig", None) or error) from error
        except (psycopg.Error, OSError) as error:
            raise preparation_failure(error) from error
        finally:
            self._preparing.clear()
            if expiry is not None:
                expiry.cancel()

    async def _connect_to_prepare(self) -> Driver:
        connection = await self._dsn.connect(autocommit=False)
        self._preparing.append(connection)
        return connection

    def _give_up_preparing(self) -> None:
        for connection in self._preparing:
            connection.give_up()

    async def check(self) -> None:
        """Raise StorageUnavailable unless the table of tasks can be read."""
        async with self.session(None) as session:
            await session.run(statements.CHECK, {})

    async def close(self) -> None:
        """Close every idle connection, and give up a preparation that is under way."""
        self._give_up_preparing()
        await self._pool.close()
