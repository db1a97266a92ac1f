"""The pool of connections, and the time within which it answers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import psycopg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres import schema, statements
from adapters.postgres.connection import Dsn, hang_up, has_hung_up
from application.errors import ApplicationError, SchemaConflict, StorageUnavailable

ANSWER_WITHIN: Final = 8.0
"""Seconds after which a caller has its answer, whatever the database does."""

POOL_SIZE: Final = 10
"""Most connections of one process."""

Row = tuple[Any, ...]


class Session:
    """A connection borrowed for one operation. Each statement is a transaction of its own."""

    def __init__(self, connection: psycopg.AsyncConnection) -> None:
        self._connection = connection

    async def run(self, statement: bytes, parameters: Mapping[str, object]) -> list[Row]:
        """The rows that a compiled statement returns."""
        cursor = await self._connection.execute(statement, parameters)
        return await cursor.fetchall()


class Database:
    """A PostgreSQL database that holds, or is to hold, the tables."""

    def __init__(self, *, url: str, users_table: str) -> None:
        """Connect to nothing yet. Raise InvalidConfiguration when ``url`` is none."""
        self._dsn = Dsn(url)
        self._users_table = users_table
        # Waiting for a connection happens here and not in SQLAlchemy's queue, where a connection
        # that could not be opened leaves those behind it waiting for nothing.
        self._slots = asyncio.Semaphore(POOL_SIZE)
        self._engine = self._serving_engine()

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
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_WITHIN
        try:
            async with asyncio.timeout_at(deadline):
                await self._slots.acquire()
            try:
                async with asyncio.timeout_at(deadline):
                    borrowed = await self._engine.connect()
                try:
                    driver = await _driver_of(borrowed)
                    watchdog = loop.call_at(deadline, hang_up, driver)
                    try:
                        yield Session(driver)
                    finally:
                        watchdog.cancel()
                finally:
                    await _give_back(borrowed)
            finally:
                self._slots.release()
        except TimeoutError as error:
            raise StorageUnavailable(f"no connection within {ANSWER_WITHIN:g} s") from error
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            # Their details quote the row, and a log must not hold a task's text.
            raise StorageUnavailable(f"{type(error).__name__} ({error.sqlstate})") from None
        except (psycopg.Error, SQLAlchemyError, OSError) as error:
            raise StorageUnavailable(type(error).__name__) from error

    async def prepare(self) -> None:
        """Bring the schema up to date, as Storage.prepare promises."""
        engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=lambda: self._dsn.connect(autocommit=False),
            poolclass=NullPool,
        )
        try:
            async with engine.begin() as connection:
                await connection.run_sync(schema.upgrade, self._users_table)
        except SQLAlchemyError as error:
            raise _preparation_error(error) from error
        except (psycopg.Error, OSError) as error:
            raise StorageUnavailable(str(error)) from error

    async def check(self) -> None:
        """Raise StorageUnavailable unless the tasks table answers."""
        async with self.session() as session:
            await session.run(statements.CHECK, {})

    async def close(self) -> None:
        """Close every idle connection."""
        await self._engine.dispose()


def _preparation_error(error: SQLAlchemyError) -> ApplicationError:
    cause = getattr(error, "orig", None)
    # Out of reach, overloaded, read-only: may pass. A refusal, as for lack of a privilege, not.
    if isinstance(cause, psycopg.OperationalError | psycopg.InternalError):
        return StorageUnavailable(str(cause))
    return SchemaConflict(f"the database refused to set up the tables: {cause or error}")


def _refuse_hung_up(connection: Any, *_: object) -> None:
    if has_hung_up(connection.driver_connection):
        raise DisconnectionError


async def _driver_of(borrowed: AsyncConnection) -> psycopg.AsyncConnection:
    raw = await borrowed.get_raw_connection()
    return cast("psycopg.AsyncConnection", raw.driver_connection)


async def _give_back(borrowed: AsyncConnection) -> None:
    if (await _driver_of(borrowed)).broken:
        await borrowed.invalidate()
    await borrowed.close()
