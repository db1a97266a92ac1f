"""The pool of connections, and the time within which it answers."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Connection, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, PoolProxiedConnection, QueuePool
from sqlalchemy.util import greenlet_spawn

from adapters.postgres import schema, statements
from adapters.postgres.connection import (
    Dsn,
    hang_up,
    has_hung_up,
    prepare_statements_if_direct,
)
from adapters.postgres.observer import DatabaseObserver, PoolUse
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

Row = tuple[Any, ...]

_KNOWN: Final = "tasks-api: known to be direct or not"


class Session:
    """A connection borrowed for one operation. Each statement is a transaction of its own."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: bytes, parameters: Mapping[str, object]) -> list[Row]:
        """The rows that a compiled statement returns."""
        cursor = await self._connection.execute(statement, parameters, binary=True)
        return await cursor.fetchall()


class _ObservedSession(Session):
    """A session whose statements somebody watches."""

    def __init__(self, connection: psycopg.AsyncConnection, observer: DatabaseObserver) -> None:
        super().__init__(connection)
        self._observer = observer

    async def run(self, statement: bytes, parameters: Mapping[str, object]) -> list[Row]:
        with self._observer.statement(statement):
            return await super().run(statement, parameters)


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
        # Waiting for a connection happens here and not in SQLAlchemy's queue, where a connection
        # that could not be opened leaves those behind it waiting for nothing.
        self._slots = asyncio.Semaphore(POOL_SIZE)
        self._waiting = 0
        self._engine = self._serving_engine()
        self._prepared = False
        self._preparing: list[psycopg.AsyncConnection] = []
        self._observer = observer
        if observer is not None:
            observer.watch_pool(self._pool_use)

    def _serving_engine(self) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=lambda: self._dsn.connect(autocommit=True),
            pool_size=POOL_SIZE,
            max_overflow=0,
            # Nothing to undo: each statement commits by itself.
            pool_reset_on_return=None,
        )
        event.listen(engine.sync_engine, "checkout", _refuse_hung_up)
        return engine

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Borrow a connection for one operation.

        Every error of the driver leaves as StorageUnavailable; the operation fails with it when
        it has not ended ANSWER_WITHIN seconds from now.
        """
        if not self._prepared:
            raise StorageUnavailable("the schema has not been prepared yet")
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + ANSWER_WITHIN
        try:
            borrowed = await self._borrow(deadline)
            driver = cast("psycopg.AsyncConnection", borrowed.driver_connection)
            watchdog = loop.call_at(deadline, hang_up, driver)
            try:
                if _KNOWN not in borrowed.info:
                    await prepare_statements_if_direct(driver)
                    borrowed.info[_KNOWN] = True
                if self._observer is None:
                    yield Session(driver)
                else:
                    self._observer.got_connection(loop.time() - started)
                    yield _ObservedSession(driver, self._observer)
            except ReadOnlySqlTransaction:
                # Some sessions stay read-only for as long as they last, and so does a server that
                # another one has replaced: the next operation connects anew.
                await driver.close()
                raise
            finally:
                watchdog.cancel()
                await self._give_back(borrowed, closed=driver.closed)
        except TimeoutError as error:
            raise StorageUnavailable(f"no connection within {ANSWER_WITHIN:g} s") from error
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            # Their details quote the row, and a log must not hold a task's text.
            raise StorageUnavailable(f"{type(error).__name__} ({error.sqlstate})") from None
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StorageUnavailable(f"{type(cause).__name__}: {_message(cause)}") from error

    async def _borrow(self, deadline: float) -> PoolProxiedConnection:
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
                try:
                    return await self._engine.raw_connection()
                except BaseException:
                    self._slots.release()
                    raise
        finally:
            self._waiting -= 1

    async def _give_back(self, borrowed: PoolProxiedConnection, *, closed: bool) -> None:
        try:
            if closed:
                await greenlet_spawn(borrowed.invalidate)
            borrowed.close()
        finally:
            self._slots.release()

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
        self, step: Callable[[Connection], None], within: float | None = None
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
            hang_up(connection)

    def _pool_use(self) -> PoolUse:
        pool = cast("QueuePool", self._engine.pool)
        return PoolUse(pool.checkedout(), pool.checkedin(), POOL_SIZE, self._waiting)

    async def check(self) -> None:
        """Raise StorageUnavailable unless the tasks table answers."""
        async with self.session() as session:
            await session.run(statements.CHECK, {})

    async def close(self) -> None:
        """Close every idle connection, and give up a preparation that is under way."""
        self._give_up_preparing()
        await self._engine.dispose()


# What libpq says of a parameter that it knows and whose value it does not.
_WRONG_PARAMETER: Final = re.compile(r"invalid (\S+ value|port number|integer value): ")


def _message(error: Exception) -> str:
    # One line, without the detail, which may quote a row.
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    return said.partition("\n")[0]


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


def _refuse_hung_up(connection: Any, *_: object) -> None:
    if has_hung_up(connection.driver_connection):
        raise DisconnectionError
