"""Where the database is, and how to reach it."""

from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from application.errors import InvalidConfiguration

CONNECT_WITHIN: Final = 6
"""Seconds to wait for one host: a sleeping Neon compute takes up to 5 to wake."""

# What the URL does not say otherwise. The kernel probes an idle connection, so that one whose
# other end vanished without a word is known to be dead before a request gets it.
_DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_WITHIN,
    "application_name": "tasks-api",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

ENCODING: Final = "UTF8"
"""In no other could every title be sent and kept."""

_ALWAYS: Final = {"client_encoding": ENCODING}


class Dsn:
    """Where the database is and how to reach it: a PostgreSQL URL, with every parameter kept."""

    def __init__(self, url: str) -> None:
        """Raise InvalidConfiguration when ``url`` is not a PostgreSQL URL."""
        try:
            given = conninfo_to_dict(url)
        except psycopg.Error:
            # libpq repeats what it does not understand, which may be a part of the password.
            raise InvalidConfiguration(
                "NEON_DB_URL is not a PostgreSQL URL that libpq understands"
            ) from None
        # libpq ends the password at the first @, and errors name the host. A lone one in front is
        # that of an abstract socket.
        if "@" in str(given.get("host", ""))[1:]:
            raise InvalidConfiguration(
                "NEON_DB_URL has an @ in its host: in a password, write %40 for it"
            )
        self._parameters = _DEFAULTS | given | _ALWAYS

    async def connect(self, *, autocommit: bool) -> psycopg.AsyncConnection:
        """A new connection. Raises psycopg.Error when the server cannot be reached."""
        return await psycopg.AsyncConnection.connect(
            **self._parameters,
            autocommit=autocommit,
            # A pooler hands each transaction another server connection, where what was prepared
            # earlier is unknown.
            prepare_threshold=None,
        )
