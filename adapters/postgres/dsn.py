"""Where the database is, and how to connect to it."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.waiting import Wait

from application.errors import InvalidConfiguration

CONNECT_WITHIN: Final = 6
"""Seconds to wait for one host: a sleeping Neon compute takes up to 5 to wake."""

# Used unless the URL sets them. The kernel probes idle connections, so that one whose peer
# vanished silently is known to be dead before a request gets it.
_DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_WITHIN,
    "application_name": "tasks-api",
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

ENCODING: Final = "UTF8"
"""The only encoding in which every title can be sent and stored."""

_ALWAYS: Final = {"client_encoding": ENCODING}


T = TypeVar("T")


class Driver(psycopg.AsyncConnection[tuple[Any, ...]]):
    """psycopg's connection, which ends when a statement is given up."""

    gave_up = False
    """Whether this side has ended the connection, perhaps with a statement under way."""

    def give_up(self) -> None:
        """End the connection at once, without waiting for the server: a statement fails."""
        self.gave_up = True
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.fileno())) as sock,
        ):
            sock.shutdown(socket.SHUT_RDWR)

    # Public and made to be overridden, but not documented: decision record 16 says what for.
    async def wait(self, gen: PQGen[T], *_: object, **__: object) -> T:
        """Return the outcome of ``gen``, psycopg's steps of one exchange with the server.

        Under load the reply has arrived once other tasks have had their turn: then the socket need
        not be registered with the event loop, which costs as much as the exchange. On cancellation
        the connection ends. psycopg would ask the server to cancel, and wait up to 5 s for that.
        """
        loop = asyncio.get_running_loop()
        socket = self.fileno()
        try:
            state = next(gen)
            await asyncio.sleep(0)
            # Claiming more than is ready does no harm: no step blocks.
            state = gen.send(state)
            while True:
                ready = loop.create_future()
                loop.add_reader(socket, _resolve, ready)
                if state & Wait.W:
                    loop.add_writer(socket, _resolve, ready)
                try:
                    await ready
                finally:
                    loop.remove_reader(socket)
                    if state & Wait.W:
                        loop.remove_writer(socket)
                state = gen.send(state)
        except StopIteration as end:
            outcome: T = end.value
            return outcome
        except asyncio.CancelledError:
            self.gave_up = True
            self.pgconn.finish()
            raise


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class Dsn:
    """PostgreSQL URL, with every parameter kept."""

    def __init__(self, url: str) -> None:
        """Raise InvalidConfiguration unless ``url`` is a PostgreSQL URL."""
        try:
            given = conninfo_to_dict(url)
        except psycopg.Error:
            # libpq repeats what it cannot parse, which may be a part of the password.
            raise InvalidConfiguration(
                "NEON_DB_URL is not a PostgreSQL URL that libpq understands"
            ) from None
        # libpq ends the password at the first @, and errors name the host. A single leading @
        # belongs to an abstract socket.
        if "@" in str(given.get("host", ""))[1:]:
            raise InvalidConfiguration(
                "NEON_DB_URL has an @ in its host: in a password, write %40 for it"
            )
        self._parameters = _DEFAULTS | given | _ALWAYS

    async def connect(self, *, autocommit: bool) -> Driver:
        """Return a new connection, which prepares no statements. Raise psycopg.Error."""
        return await Driver.connect(
            **self._parameters, autocommit=autocommit, prepare_threshold=None
        )
