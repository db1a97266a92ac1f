"""Where the database is, and how to connect to it."""

import asyncio
from importlib.metadata import version
from typing import Any, Final

import psycopg

from adapters.postgres.addresses import Address, Addresses
from adapters.postgres.connect_failure import ConnectFailed, explain
from adapters.postgres.driver import Driver
from adapters.postgres.parameters import require_valid
from adapters.postgres.url import parse

CONNECT_WITHIN: Final = 6
"""Seconds to wait for a connection: a sleeping Neon compute takes up to 5 to wake."""

# Used unless the URL sets them. The kernel probes idle connections, so that one whose peer
# vanished silently is known to be dead before a request gets it.
_DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_WITHIN,
    "application_name": f"tasks-api/{version('tasks-api')}",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

ENCODING: Final = "UTF8"
"""The only encoding in which every title can be sent and stored."""

_ALWAYS: Final = {"client_encoding": ENCODING}

_LEAST: Final = 2
"""Seconds that libpq waits at least."""


class Dsn:
    """A PostgreSQL database by its URL, of which every parameter of libpq's is kept."""

    def __init__(self, url: str, setting: str = "NEON_DB_URL") -> None:
        """``setting`` is where the URL was given. Raise InvalidConfiguration if it cannot work."""
        parsed = parse(url, setting)
        require_valid(parsed, setting)
        given = parsed.parameters
        self.setting = setting
        self.warnings = parsed.warnings
        """Lines about what is left out of the URL."""
        self.host = given.get("host") or given.get("hostaddr") or "this machine"
        self.place = f"{given.get('dbname') or given.get('user', '')} on {self.host}"
        """The database and its host, as far as the URL names them."""
        self._parameters = _DEFAULTS | given | _ALWAYS
        self._addresses = Addresses(given)

    async def connect(self, *, autocommit: bool) -> Driver:
        """Return a new connection, which prepares no statements. Raise ConnectFailed."""

        async def open_at(address: Address) -> Driver:
            # Merged, because psycopg's own resolver would try every address in turn.
            parameters: dict[str, Any] = self._parameters | address
            return await Driver.connect(**parameters, autocommit=autocommit, prepare_threshold=None)

        seconds = int(self._parameters["connect_timeout"])
        within = max(seconds, _LEAST) if seconds > 0 else None
        try:
            async with asyncio.timeout(within):
                return await self._addresses.connect(open_at)
        except (TimeoutError, psycopg.errors.ConnectionTimeout):
            problem = explain(f"no answer from {self.host} within {within} s")
        except OSError as error:
            problem = explain(f"the host {self.host} cannot be looked up: {error.strerror}")
        except psycopg.Error as error:
            problem = explain(error)
        # Without a cause: what libpq says is in the message, as far as it may be shown.
        raise ConnectFailed(self.setting, problem)
