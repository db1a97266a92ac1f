"""The connections of one process."""

import asyncio

from adapters.postgres.connection import Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import PoolUse


class Pool:
    """At most ``size`` connections, opened when they are first needed, and kept."""

    def __init__(self, dsn: Dsn, *, size: int) -> None:
        self._dsn = dsn
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._used = 0
        self._waiting = 0

    async def borrow(self) -> Connection:
        """A connection that is open as far as can be known without asking the server.

        It has to be given back. Raises psycopg.Error when a new one is needed and the server
        cannot be reached.
        """
        self._waiting += 1
        try:
            await self._free.acquire()
            try:
                connection = self._kept() or await Connection.open(self._dsn)
            except BaseException:
                self._free.release()
                raise
        finally:
            self._waiting -= 1
        self._used += 1
        return connection

    def _kept(self) -> Connection | None:
        # The one used last: those behind it rest, and the server with them.
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_hung_up():
                return connection
            connection.close()
        return None

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, which nobody uses any more."""
        if not connection.closed:
            self._idle.append(connection)
        self._used -= 1
        self._free.release()

    def use(self) -> PoolUse:
        """How busy it is."""
        return PoolUse(self._used, len(self._idle), self._size, self._waiting)

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()
