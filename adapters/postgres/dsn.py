"""Where the database is, and how to connect to it."""

import asyncio
import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import psycopg

from adapters.postgres.addresses import Address, Addresses
from adapters.postgres.connect_failure import ConnectFailed, explain
from adapters.postgres.driver import Driver
from adapters.postgres.parameters import require_valid
from adapters.postgres.url import parse
from application.errors import InvalidConfiguration

CONNECT_WITHIN: Final = 6
"""Seconds to wait for a connection: a sleeping Neon compute takes up to 5 to wake."""

# Used unless the URL sets them. The kernel probes idle connections, so that a connection whose peer
# vanished is found to be dead before a request uses it.
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
"""Fewest seconds that libpq waits."""

logger = logging.getLogger(__name__)


class Dsn:
    """Opens connections to the PostgreSQL database of a URL, with all of libpq's parameters."""

    def __init__(self, url: str | Path, setting: str = "NEON_DB_URL") -> None:
        """Raise InvalidConfiguration if ``url`` cannot work.

        A path names a file that holds the URL. It is read again for each connection, so that the
        password can be changed while the service runs. ``setting`` is the name of the setting.
        """
        self.setting = setting
        self._file = url if isinstance(url, Path) else None
        self._use(url if isinstance(url, str) else _url_in(url, setting))

    def _use(self, url: str) -> None:
        parsed = parse(url, self.setting)
        require_valid(parsed, self.setting)
        given = parsed.parameters
        self._url = url
        self.warnings = parsed.warnings
        """Lines about parameters of the URL that are ignored."""
        self.host = given.get("host") or given.get("hostaddr") or "this machine"
        self.place = f"{given.get('dbname') or given.get('user', '')} on {self.host}"
        """The database and its host, as far as the URL names them."""
        self._parameters = _DEFAULTS | given | _ALWAYS
        self._addresses = Addresses(given)

    async def connect(self, *, autocommit: bool) -> Driver:
        """Return a new connection, which prepares no statements. Raise ConnectFailed."""
        if self._file is not None:
            self._read_again(self._file)

        async def open_at(address: Address) -> Driver:
            # One address each time, because psycopg would try all addresses in turn.
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
        # Without a cause, which may contain secrets: the message says what may be shown.
        raise ConnectFailed(self.setting, problem)

    def _read_again(self, file: Path) -> None:
        try:
            url = _url_in(file, self.setting)
            if url != self._url:
                self._use(url)
                logger.info("%s has another URL now, which new connections use", self.setting)
        except InvalidConfiguration as error:
            # The file may be in the middle of a replacement: keep the URL that worked.
            logger.warning("the URL that was read before stays in use: %s", error)


def _url_in(file: Path, setting: str) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InvalidConfiguration(f"{setting}={file} cannot be read: {reason}") from error
