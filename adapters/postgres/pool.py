"""The connections of one process."""

import asyncio
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.pool import PoolProxiedConnection, QueuePool
from sqlalchemy.util import await_only, greenlet_spawn

from adapters.postgres.connection import Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import PoolUse


class Pool:
    """At most ``size`` connections, opened when they are first needed, and kept.

    SQLAlchemy's pool keeps them; who waits for one waits as asyncio does.
    """

    def __init__(self, dsn: Dsn, *, size: int) -> None:
        self._dsn = dsn
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._waiting = 0
        self._opened = 0
        self._borrowed: dict[Connection, PoolProxiedConnection] = {}
        self._pool = QueuePool(
            self._open,
            pool_size=size,
            max_overflow=0,
            # The one used last: those behind it rest, and the server with them.
            use_lifo=True,
            # Each statement was a transaction of its own.
            reset_on_return=None,
        )
        event.listen(self._pool, "close", self._count_closed)

    async def borrow(self) -> Connection:
        """A connection that is open as far as can be known without asking the server.

        It has to be given back. Raises psycopg.Error when a new one is needed and the server
        cannot be reached.
        """
        self._waiting += 1
        try:
            await self._free.acquire()
            try:
                return await self._alive()
            except BaseException:
                self._free.release()
                raise
        finally:
            self._waiting -= 1

    async def _alive(self) -> Connection:
        while True:
            try:
                pooled = self._pool.connect()
            except MissingGreenlet:
                # There is none to take: opening one has to be waited for.
                pooled = await greenlet_spawn(self._pool.connect)
            connection = cast("Connection", pooled.dbapi_connection)
            if not connection.has_hung_up():
                self._borrowed[connection] = pooled
                return connection
            pooled.invalidate()

    def _open(self) -> Any:  # what SQLAlchemy takes for a driver's connection
        connection = await_only(Connection.open(self._dsn))
        self._opened += 1
        return connection

    def _count_closed(self, *_: object) -> None:
        self._opened -= 1

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, which nobody uses any more."""
        pooled = self._borrowed.pop(connection)
        if connection.closed:
            pooled.invalidate()
        else:
            pooled.close()
        self._free.release()

    def use(self) -> PoolUse:
        """How busy it is."""
        used = len(self._borrowed)
        return PoolUse(used, self._opened - used, self._size, self._waiting)

    def close(self) -> None:
        """Close every idle connection."""
        self._pool.dispose()
