"""Connection pool of one process, shared fairly among users."""

import asyncio
from collections.abc import Awaitable
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

    def usable(self) -> Connection | None:
        """Return the connection unless it has ended."""
        if self.connection is None or self.connection.has_ended():
            return None
        return self.connection

    async def open(self, dsn: Dsn, observe: Observe | None) -> Connection:
        """Replace the connection with a new one. Raise psycopg.Error."""
        if self.connection is not None:
            await self.connection.close()
        self.connection = await Connection.open(dsn, observe)
        return self.connection

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to have ended."""
        connection = self.connection
        return connection is not None and not (connection.closed or connection.gave_up)


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
        self._queue = FairQueue(size=size, each=each)
        self._slots: list[Slot] = []
        self._borrowed: dict[Connection, tuple[PoolProxiedConnection, User]] = {}
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

    def enter(self, user: User) -> asyncio.Future[None] | None:
        """Admit a request of ``user`` or return a place to ``wait`` for. See FairQueue."""
        return self._queue.enter(user)

    def wait(self, user: User, place: asyncio.Future[None]) -> Awaitable[None]:
        """Return an awaitable that is done once ``place`` is taken."""
        return self._queue.wait(user, place)

    def take(self, user: User) -> Connection | None:
        """Return an open connection for an admitted request; None if ``open`` has to be called."""
        pooled = self._pool.connect()
        connection = cast("Slot", pooled.dbapi_connection).usable()
        if connection is None:
            pooled.close()
        else:
            self._borrowed[connection] = pooled, user
        return connection

    async def open(self, user: User) -> Connection:
        """Return a new connection for an admitted request. Raise psycopg.Error."""
        pooled = self._pool.connect()
        self._opening += 1
        try:
            connection = await cast("Slot", pooled.dbapi_connection).open(self._dsn, self._observe)
        except BaseException:
            pooled.close()
            self._queue.release(user)
            raise
        finally:
            self._opening -= 1
        self._borrowed[connection] = pooled, user
        return connection

    def give_back(self, connection: Connection) -> None:
        """Take back a connection that is no longer used."""
        pooled, user = self._borrowed.pop(connection)
        pooled.close()
        if connection.gave_up:
            connection.discard()
            # Count the connection as used until PostgreSQL has ended its statement.
            asyncio.get_running_loop().call_later(GIVEN_UP_WITHIN, self._queue.release, user)
        else:
            self._queue.release(user)

    def use(self) -> PoolUse:
        """Return how busy the pool is."""
        idle = sum(slot.is_open and slot.connection not in self._borrowed for slot in self._slots)
        waiting = self._queue.waiting + self._opening
        return PoolUse(len(self._borrowed), idle, self._size, waiting)

    async def close(self) -> None:
        """Close all idle connections."""
        for slot in self._slots:
            if slot.connection is not None and slot.connection not in self._borrowed:
                await slot.connection.close()
