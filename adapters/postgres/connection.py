"""One connection to PostgreSQL."""

import select
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any, Final

import psycopg
from psycopg import errors

from adapters.postgres.driver import Driver
from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement
from application.arranging import PIECE

Row = tuple[Any, ...]

Observe = Callable[[bytes], AbstractContextManager[object]]
"""Returns a context in which a statement of this text runs."""

CHECK_INTERVAL: Final = 1
"""Seconds between PostgreSQL's checks that the client of a running statement is still connected."""

GIVEN_UP_WITHIN: Final = CHECK_INTERVAL + 0.25
"""Seconds after which PostgreSQL has ended a statement whose client disconnected."""

# Behind a pooler, the server process differs from the announced one. On a direct connection this
# also sets how often the server checks that its client is connected, unless the role or the URL
# sets it, or the server (before PostgreSQL 14) does not have the setting.
_IDENTIFY: Final = (
    b"SELECT pg_backend_pid(), CASE WHEN pg_backend_pid() = $1 "
    b"AND current_setting('client_connection_check_interval', true) = '0' "
    b"THEN set_config('client_connection_check_interval', '%ds', false) END" % CHECK_INTERVAL
)
_IDENTIFY_ONLY: Final = b"SELECT pg_backend_pid()"

SETTING_REFUSED: Final = (
    errors.InvalidParameterValue,
    errors.FeatureNotSupported,
    errors.UndefinedObject,
)
"""Errors for that setting on platforms that cannot detect a disconnected client."""


class Connection:
    """Runs one statement at a time, each in its own transaction."""

    def __init__(self, driver: Driver, observe: Observe | None) -> None:
        """Use ``driver``, in autocommit mode. ``observe`` gets the text of each statement."""
        driver.cursor_factory = psycopg.AsyncRawCursor
        self._driver = driver
        self._observe = observe
        self._cursor = driver.cursor(binary=True)
        self._poll = select.poll()
        self._poll.register(driver.fileno(), select.POLLIN)

    @classmethod
    async def open(cls, dsn: Dsn, observe: Observe | None = None) -> "Connection":
        """Return a new connection. Raise psycopg.Error."""
        driver = await dsn.connect(autocommit=True)
        try:
            connection = cls(driver, observe)
            # After waiting for a lock, a statement must see what other transactions have committed.
            await driver.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
            if await connection._server_process() == driver.info.backend_pid:
                driver.prepare_threshold = 0  # Prepare each statement when it first runs.
        except BaseException:
            await driver.close()
            raise
        return connection

    async def _server_process(self) -> int:
        try:
            await self._cursor.execute(_IDENTIFY, [str(self._driver.info.backend_pid)])
        except SETTING_REFUSED:
            await self._cursor.execute(_IDENTIFY_ONLY)
        [(process, *_)] = await self._cursor.fetchall()
        return int(process)

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Return the rows of ``statement``: at most a few thousand. Raise psycopg.Error.

        On cancellation the connection is closed.
        """
        cursor, values = self._cursor, _values(statement, parameters)
        if self._observe is None:
            await cursor.execute(statement.text, values)
        else:
            with self._observe(statement.text):
                await cursor.execute(statement.text, values)
        if cursor.rownumber is None:  # A statement without rows.
            return []
        rows = await cursor.fetchall()
        if len(rows) > PIECE:
            # The old cursor would keep this large result in memory until the next statement.
            self._cursor = self._driver.cursor(binary=True)
        return rows

    async def run_long(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """Return the rows of ``statement``, as ``run`` does, for any number of rows.

        They are read in pieces, so that the server's reply is never completely in memory. The
        statement is not prepared.
        """
        stream = self._driver.cursor().stream(
            statement.text, _values(statement, parameters), binary=True, size=PIECE
        )
        with nullcontext() if self._observe is None else self._observe(statement.text):
            return [row async for row in stream]

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """Return a block whose statements are one transaction, rolled back on an error."""
        return self._driver.transaction()

    @property
    def closed(self) -> bool:
        """Whether psycopg has noticed that the connection has ended."""
        return self._driver.closed

    @property
    def gave_up(self) -> bool:
        """Whether ``give_up`` or a cancellation has ended the connection."""
        return self._driver.gave_up

    def has_ended(self) -> bool:
        """Return whether this idle connection has ended. Costs one system call.

        A readable idle socket means that the server closed it, as when a Neon compute suspends.
        """
        return self._driver.closed or bool(self._poll.poll(0))

    def give_up(self) -> None:
        """End the connection at once: a statement under way raises psycopg.OperationalError."""
        self._driver.give_up()

    def discard(self) -> None:
        """Free a connection that has been given up."""
        self._driver.pgconn.finish()

    async def close(self) -> None:
        """End the connection without waiting for the server."""
        await self._driver.close()


def _values(statement: Statement, parameters: Mapping[str, object]) -> list[object]:
    # psycopg sends integers of different size as different types. As text, they get the type to
    # which the statement casts them, and one prepared statement is enough.
    given = map(parameters.__getitem__, statement.parameters)
    return [str(value) if type(value) is int else value for value in given]
