"""The database that serves requests: operations with a deadline, on a schema that is up to date."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

import psycopg
import sqlalchemy as sa
from psycopg import errors

from adapters.postgres import migrating, statements
from adapters.postgres.connection import Connection
from adapters.postgres.driver_errors import cause_to_log, operation_failure
from adapters.postgres.dsn import Dsn
from adapters.postgres.facts import Facts
from adapters.postgres.following import require_not_moved
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from adapters.postgres.preparing import Preparation
from adapters.postgres.statements import Statement
from adapters.postgres.table_name import TableName
from adapters.postgres.watching import TablesWatch
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
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
)

# The tables are gone, are others than the ones that were prepared, or have changed.
_CHANGED_TABLES_ERRORS: Final = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.DatatypeMismatch,
    errors.InvalidTextRepresentation,
    errors.NumericValueOutOfRange,
    errors.InsufficientPrivilege,
    errors.InvalidSchemaName,
    errors.WrongObjectType,
    errors.FeatureNotSupported,
    errors.NotNullViolation,
    errors.CheckViolation,
    errors.UniqueViolation,
    errors.ExclusionViolation,
)

_COUNTED: Final = 1_000
"""Most users that are counted for a line of the log."""

logger = logging.getLogger(__name__)


class Database:
    """A PostgreSQL database that holds the tables, or will once it is prepared."""

    def __init__(
        self,
        *,
        url: str,
        users_table: str | None = None,
        migrate_on_start: bool = True,
        observer: DatabaseObserver | None = None,
    ) -> None:
        """Do not connect yet. Raise InvalidConfiguration if ``url`` or ``users_table`` is invalid.

        ``users_table`` is ``table`` or ``schema.table``; None: the table that Better Auth fills.
        Without ``migrate_on_start`` preparing changes nothing, and fails until the schema has been
        brought up to date by ``tasks-api migrate``.
        """
        self._dsn = Dsn(url)
        self.users_table = None if users_table is None else TableName.parse(users_table)
        self._migrate_on_start = migrate_on_start
        self._pool = Pool(self._dsn, observe=observer.statement if observer else nullcontext)
        self._tables = TablesWatch(
            look=self._look, prepare=self._prepare_tables, changed=self._pool.close
        )
        self.preparation = Preparation(self._dsn)
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
        _ = self._tables.facts
        self._tables.used()
        async with self._session(user) as session:
            yield session

    @asynccontextmanager
    async def _session(self, user: User) -> AsyncIterator[Connection]:
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
            if isinstance(error, _CHANGED_TABLES_ERRORS):
                self._tables.failed()
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

    def admits(self, owner: str) -> bool:
        """Return whether ``owner`` is spelled as an id of the users table.

        No other text may reach a statement, nor can it be a user. Raise StorageUnavailable if the
        tables cannot be served.
        """
        return self._tables.facts.id_type.admits(owner)

    async def look_for_users(self) -> bool:
        """Look for a users table that Better Auth has made since, at most every few seconds.

        Return whether tasks refer to one now. Raise StorageUnavailable.
        """
        return await self._tables.look_for_users()

    async def describe_users(self) -> str:
        """Return which users table of which database is used, and how many rows it has."""
        facts = self._tables.facts
        users = f"(SELECT FROM {facts.users} LIMIT {_COUNTED + 1}) AS users"
        query = f"SELECT count(*) FROM {users}"  # noqa: S608 - PostgreSQL has quoted the name
        async with self._session(None) as session:
            try:
                [(count,)] = await session.run(Statement(query.encode()), {})
            except psycopg.Error:
                rows = "whose rows this role may not count"
            else:
                rows = f"which has {count if count <= _COUNTED else f'over {_COUNTED}'} rows"
        return f"the table {facts.users_table}, {rows}, in the database {self.preparation.place}"

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date, or check that it is, as Storage.prepare promises."""
        facts = await self._prepare_tables(within)
        self._tables.prepared(facts)

    async def migrate(self, *, to: str | None = None) -> None:
        """Bring the schema to the newest revision or to revision ``to``, forward or back.

        Raises as Storage.prepare does, and InvalidConfiguration if there is no such revision.
        """
        self._announce(
            await self.preparation.run(
                lambda connection: migrating.migrate(connection, self.users_table, to)
            )
        )

    async def _prepare_tables(self, within: float | None = None) -> Facts:
        step = migrating.migrate if self._migrate_on_start else migrating.require
        served = self._tables.served

        def prepare(connection: sa.Connection) -> Facts:
            require_not_moved(connection, served)
            return step(connection, self.users_table)

        facts = await self.preparation.run(prepare, within=within)
        self._announce(facts)
        return facts

    def _announce(self, facts: Facts) -> None:
        logger.info(
            "the database is %s; tasks refer to the users table %s, whose ids are %s",
            self.preparation.place,
            facts.users_table,
            facts.owner_kind,
        )

    async def _look(self) -> Facts | None:
        async with self._session(None) as session:
            rows = await session.run(statements.FACTS, {})
            if rows:
                await session.run(statements.CHECK, {})
        return Facts(*rows[0]) if rows else None

    async def check(self) -> None:
        """Raise StorageUnavailable unless the table of tasks can be read."""
        await self._tables.look()

    async def close(self) -> None:
        """Close every idle connection, and give up a preparation that is under way."""
        self.preparation.give_up()
        await self._tables.close()
        await self._pool.close()
