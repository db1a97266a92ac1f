"""Connection pool of one process, shared fairly among users."""

import asyncio
from typing import Any, Final, cast

from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from adapters.postgres.connection import GIVEN_UP_WITHIN, Connection, Observe
from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import PoolUse
from application.fair_queue import FairQueue, User

POOL_SIZE: Final = 10
"""Most connections of one process."""

POOL_SIZE_PER_USER: Final = 3
"""Most connections that the requests of one user may hold."""


class Slot:
    """A place for one connection, which is opened when it is first needed."""

    connection: Connection | None = None


class Pool:
    """At most ``size`` connections, of which one user's requests hold at most ``each``.

    SQLAlchemy's pool would block the event loop while it opens or waits for a connection. So it
    pools slots, whose connections are opened here, and a fair queue admits only as many requests as
    there are slots.
    """

    def __init__(
        self,
        dsn: Dsn,
        *,
        size: int = POOL_SIZE,
        each: int = POOL_SIZE_PER_USER,
        observe: Observe | None = None,
    ) -> None:
        self._dsn = dsn
        self._observe = observe
        self._size = size
        self.queue: Final = FairQueue(size=size, each=each)
        """Admits the requests that may ``take`` or ``open`` a connection."""
        self._slots: list[Slot] = []
        self._borrowed: dict[Connection, tuple[PoolProxiedConnection, User]] = {}
        self._passed_on: list[PoolProxiedConnection] = []
        self._opening = 0
        self._pool = QueuePool(
            self._new_slot,
            pool_size=size,
            max_overflow=0,
            # Reuse the last slot first, so that few connections are busy.
            use_lifo=True,
            # Each statement was its own transaction, so there is nothing to reset.
            reset_on_return=None,
        )

    def _new_slot(self) -> Any:  # SQLAlchemy expects a DBAPI connection.
        slot = Slot()
        self._slots.append(slot)
        return slot

    def take(self, user: User) -> Connection | None:
        """Return an open connection for an admitted request; None if ``open`` has to be called."""
        pooled = self._check_out()
        connection = cast("Slot", pooled.dbapi_connection).connection
        if connection is None or connection.has_ended():
            pooled.close()
            return None
        self._borrowed[connection] = pooled, user
        return connection

    async def open(self, user: User) -> Connection:
        """Return a new connection for an admitted request. Raise psycopg.Error."""
        pooled = self._check_out()
        slot = cast("Slot", pooled.dbapi_connection)
        self._opening += 1
        try:
            if slot.connection is not None:
                await slot.connection.close()
            slot.connection = await Connection.open(self._dsn, self._observe)
        except BaseException:
            pooled.close()
            self.queue.release(user)
            raise
        finally:
            self._opening -= 1
        self._borrowed[slot.connection] = pooled, user
        return slot.connection

    def _check_out(self) -> PoolProxiedConnection:
        return self._passed_on.pop() if self._passed_on else self._pool.connect()

    def give_back(self, connection: Connection) -> None:
        """Take back a connection that is no longer used."""
        pooled, user = self._borrowed.pop(connection)
        if connection.gave_up:
            connection.discard()
            pooled.close()
            # Count the connection as used until PostgreSQL has ended its statement.
            asyncio.get_running_loop().call_later(GIVEN_UP_WITHIN, self.queue.release, user)
        elif self.queue.release(user):
            # A request that waited takes it next: SQLAlchemy's bookkeeping would be in vain.
            self._passed_on.append(pooled)
        else:
            pooled.close()

    def use(self) -> PoolUse:
        """Return how busy the pool is."""
        idle = sum(
            not (connection.closed or connection.gave_up)
            for slot in self._slots
            if (connection := slot.connection) is not None and connection not in self._borrowed
        )
        waiting = self.queue.waiting + self._opening
        return PoolUse(len(self._borrowed), idle, self._size, waiting)

    async def close(self) -> None:
        """Close all idle connections."""
        for slot in self._slots:
            if slot.connection is not None and slot.connection not in self._borrowed:
                await slot.connection.close()
