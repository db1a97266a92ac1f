"""The database that serves requests: operations with a deadline, on a schema that is up to date."""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres import migrating, statements
from adapters.postgres.deadlines import Deadlines
from adapters.postgres.driver_errors import preparation_failure
from adapters.postgres.dsn import Driver, Dsn
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from adapters.postgres.session import Session
from application.errors import StorageUnavailable
from application.fair_queue import User

ANSWER_WITHIN: Final = 6.5
"""Seconds after which an operation fails, whatever the database does.

With the 3 s that fetching a key set may take, a request stays within its 10 s. A suspended Neon
compute takes up to 5 s to wake.
"""


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
        self._deadlines = Deadlines()
        self._prepared = False
        self._preparing: list[Driver] = []
        self._observer = observer
        if observer is not None:
            observer.watch_pool(self._pool.use)

    def session(self, user: User) -> Session:
        """Return the context of one operation of ``user`` (None: of the service itself)."""
        if not self._prepared:
            raise StorageUnavailable("the schema has not been prepared yet")
        return Session(
            self._pool,
            self._deadlines,
            user=user,
            within=ANSWER_WITHIN,
            observer=self._observer,
        )

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
