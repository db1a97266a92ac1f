"""Checks of the server and of the connection to it."""

import ipaddress
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from adapters.postgres.connection import CHECK_INTERVAL, SETTING_REFUSED
from adapters.postgres.migrating import require_encoding
from application.check import Check

if TYPE_CHECKING:
    from adapters.postgres.driver import Driver

_SET: Final = sa.text(f"SET LOCAL client_connection_check_interval = '{CHECK_INTERVAL}s'")
_SHOWN: Final = sa.text("""
    SELECT current_user AS role, current_setting('server_version') AS version,
        pg_backend_pid() AS process, pg_is_in_recovery() AS is_replica,
        current_setting('transaction_read_only') = 'on' AS is_read_only,
        current_setting('client_connection_check_interval', true) AS check_interval,
        current_setting('statement_timeout') AS statement_timeout,
        (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls
""")


class Server:
    """The server's properties, read before the transaction is made read-only."""

    def __init__(self, connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver: Driver = driver
        began = time.perf_counter()
        shown = connection.execute(_SHOWN).one()
        self._query_seconds = time.perf_counter() - began
        self._shown = shown
        # Behind a pooler, the server process differs from the announced one.
        self._is_direct = shown.process == self._driver.info.backend_pid

    def checks(
        self, connection: sa.Connection, *, place: str, connect_seconds: float
    ) -> Iterator[Check]:
        """Yield whether the database can be used, and whether it ends abandoned statements."""
        way = "directly" if self._is_direct else "through a pooler"
        sentence = (
            f"{place} as the role {self._shown.role}: PostgreSQL {self._shown.version}, {way}, "
            f"{self._encryption}; connecting took {_milliseconds(connect_seconds)}, "
            f"a query {_milliseconds(self._query_seconds)}"
        )
        if self._shown.is_replica or self._shown.is_read_only:
            yield Check.failure(
                "database",
                f"{sentence}; it is read-only",
                "let NEON_DB_URL name the primary, and a role and database without "
                "default_transaction_read_only",
            )
        elif not self._driver.pgconn.ssl_in_use and not self._is_near:
            yield Check.warning(
                "database", sentence, "add sslmode=require to NEON_DB_URL to encrypt the connection"
            )
        else:
            yield Check.ok("database", sentence)
        require_encoding(connection)
        yield self._given_up(connection)

    @property
    def _encryption(self) -> str:
        if not self._driver.info.hostaddr:
            return "over a Unix socket"
        if not self._driver.pgconn.ssl_in_use:
            return "not encrypted"
        # PostgreSQL reports the TLS version of its own connection, which may be the pooler's.
        return (self._is_direct and self._shown.tls) or "TLS"

    @property
    def _is_near(self) -> bool:
        address = self._driver.info.hostaddr
        return not address or ipaddress.ip_address(address).is_private

    def _given_up(self, connection: sa.Connection) -> Check:
        """Check whether PostgreSQL ends a statement that the service has given up."""
        name, shown = "time-outs", self._shown
        if shown.check_interval not in {None, "0"}:
            return Check.ok(
                name, f"PostgreSQL looks for a client that is gone every {shown.check_interval}"
            )
        if self._is_direct and self._may_set(connection):
            return Check.ok(
                name,
                f"the service lets PostgreSQL look for a client that is gone every "
                f"{CHECK_INTERVAL}s",
            )
        if shown.statement_timeout != "0":
            return Check.ok(
                name, f"PostgreSQL ends each statement after {shown.statement_timeout} at most"
            )
        setting = (
            f"client_connection_check_interval = '{CHECK_INTERVAL}s'"
            if shown.check_interval is not None and (self._is_direct or self._may_set(connection))
            else "statement_timeout = '7s'"
        )
        return Check.warning(
            name,
            "a statement that the service gives up runs on in PostgreSQL and holds a connection",
            f'run once: ALTER ROLE "{shown.role}" SET {setting} (docs/deploy.md)',
        )

    def _may_set(self, connection: sa.Connection) -> bool:
        try:
            with connection.begin_nested():
                connection.execute(_SET)
        except sa.exc.DBAPIError as error:
            if isinstance(error.orig, SETTING_REFUSED):
                return False
            raise
        return True


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
