"""The database that serves requests: operations with deadlines on an up-to-date schema."""

import logging
from pathlib import Path
from typing import Final

import psycopg
import sqlalchemy as sa

from adapters.postgres import migrating, statements
from adapters.postgres.dsn import Dsn
from adapters.postgres.facts import Facts
from adapters.postgres.following import require_not_moved
from adapters.postgres.migrating import Prepared
from adapters.postgres.observer import DatabaseObserver
from adapters.postgres.pool import Pool
from adapters.postgres.preparing import Preparation
from adapters.postgres.session import Session
from adapters.postgres.statements import Statement
from adapters.postgres.table_name import TableName
from adapters.postgres.watching import TablesWatch
from application.fair_queue import User

_COUNTED: Final = 1_000
"""Most users that are counted for a log line."""

logger = logging.getLogger(__name__)


class Database:
    """A PostgreSQL database, which has the tables once it is prepared."""

    def __init__(
        self,
        *,
        url: str | Path,
        setting: str = "NEON_DB_URL",
        users_table: str | None = None,
        migrate_on_start: bool = True,
        observer: DatabaseObserver | None = None,
    ) -> None:
        """Do not connect. Raise InvalidConfiguration if ``url`` or ``users_table`` is invalid.

        ``setting`` is the name of the setting that holds ``url``.
        ``users_table`` is ``table`` or ``schema.table``; None means Better Auth's table.
        Without ``migrate_on_start``, preparing changes nothing, and fails until ``tasks-api
        migrate`` has brought the schema up to date.
        """
        self._dsn = Dsn(url, setting)
        self.setting = setting
        self.warnings = self._dsn.warnings
        """Lines about parameters of the URL that are ignored."""
        self.users_table = None if users_table is None else TableName.parse(users_table)
        self._migrate_on_start = migrate_on_start
        self._pool = Pool(self._dsn, observe=observer.statement if observer else None)
        self._tables = TablesWatch(
            look=self._look, prepare=self._prepare_tables, changed=self._pool.close
        )
        self.preparation = Preparation(self._dsn)
        self._observer = observer
        if observer is not None:
            observer.watch_pool(self._pool.use)

    def admits(self, owner: str) -> bool:
        """Return whether ``owner`` has the form of an id in the users table.

        Other texts name no user and must not reach a statement. Raise StorageUnavailable if the
        tables cannot be served.
        """
        return self._tables.used().id_type.admits(owner)

    def session(self, user: User) -> Session:
        """Return the context of one operation of ``user``, whom ``admits`` admits.

        None means the service itself.
        """
        return Session(
            self._pool,
            user=user,
            observer=self._observer,
            tables_failed=self._tables.failed,
        )

    async def look_for_users(self) -> bool:
        """Look for a users table that Better Auth has made meanwhile, at most every few seconds.

        Return whether tasks refer to it now. Raise StorageUnavailable.
        """
        return await self._tables.look_for_users()

    async def describe_users(self) -> str:
        """Return a phrase that names the users table, its database, and its number of rows."""
        facts = self._tables.facts
        users = f"(SELECT FROM {facts.users} LIMIT {_COUNTED + 1}) AS users"
        query = f"SELECT count(*) FROM {users}"  # noqa: S608 - PostgreSQL has quoted the name
        async with self.session(None) as session:
            try:
                [(count,)] = await session.run(Statement(query.encode()), {})
            except psycopg.Error:
                rows = "whose rows this role may not count"
            else:
                rows = f"which has {count if count <= _COUNTED else f'over {_COUNTED}'} rows"
        return f"the table {facts.users_table}, {rows}, in the database {self.preparation.place}"

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date, or check that it is. See Storage.prepare."""
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

        def prepare(connection: sa.Connection) -> Prepared:
            require_not_moved(connection, served)
            return step(connection, self.users_table)

        prepared = await self.preparation.run(prepare, within=within)
        self._announce(prepared)
        if self._observer is not None:
            self._observer.serves(prepared.revision)
        return prepared.facts

    def _announce(self, prepared: Prepared) -> None:
        logger.info(
            "the database is %s, with the schema at revision %s; "
            "tasks refer to the users table %s, whose ids are %s",
            self.preparation.place,
            prepared.revision,
            prepared.facts.users_table,
            prepared.facts.owner_kind,
        )

    async def _look(self) -> Facts | None:
        async with self.session(None) as session:
            rows = await session.run(statements.FACTS, {})
            if rows:
                await session.run(statements.CHECK, {})
        return Facts(*rows[0]) if rows else None

    async def check(self) -> None:
        """Raise StorageUnavailable unless the table of tasks can be read."""
        await self._tables.look()

    async def close(self) -> None:
        """Close all idle connections, and end a preparation that is under way."""
        self.preparation.give_up()
        await self._tables.close()
        await self._pool.close()
