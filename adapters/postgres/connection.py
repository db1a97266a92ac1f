"""One connection to PostgreSQL: how it is opened, and how its end is noticed or brought about."""

import os
import select
import socket
from contextlib import suppress
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

_PREPARE_AFTER: Final = 5
"""How often a statement runs on a connection before it is prepared there."""


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
        self._parameters = _DEFAULTS | given

    async def connect(self, *, autocommit: bool) -> psycopg.AsyncConnection:
        """A new connection. Raises psycopg.Error when the server cannot be reached."""
        return await psycopg.AsyncConnection.connect(
            **self._parameters, autocommit=autocommit, prepare_threshold=None
        )


async def prepare_statements_if_direct(connection: psycopg.AsyncConnection) -> None:
    """Let a new connection prepare the statements that it runs often, unless a pooler forbids it.

    A pooler hands each transaction another server connection, to which a statement prepared
    earlier is unknown. It also cannot announce the process that is going to answer.
    """
    cursor = await connection.execute("SELECT pg_backend_pid()")
    row = await cursor.fetchone()
    if row is not None and row[0] == connection.info.backend_pid:
        connection.prepare_threshold = _PREPARE_AFTER


def has_hung_up(connection: psycopg.AsyncConnection) -> bool:
    """Whether the server has ended this idle connection, as when a Neon compute goes to sleep.

    Costs one system call and no round trip: a server has nothing to say to an idle client but
    goodbye.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def hang_up(connection: psycopg.AsyncConnection) -> None:
    """End a connection under a statement that takes too long; the statement fails at once.

    Cancelling the statement instead would first ask the server, which may be what is frozen.
    """
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as sock:
        sock.shutdown(socket.SHUT_RDWR)
