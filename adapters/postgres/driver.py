"""psycopg's connection, changed so that a statement can be given up at once."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Wait

T = TypeVar("T")


class DeadlineExceeded(psycopg.OperationalError):
    """The service ended the connection while the statement was under way."""


class Driver(psycopg.AsyncConnection[tuple[Any, ...]]):
    """psycopg's connection, which is ended to give up a statement."""

    gave_up = False
    """Whether the service has ended the connection, perhaps during a statement."""

    def give_up(self) -> None:
        """End the connection at once, without waiting for the server: a statement fails."""
        self.gave_up = True
        with (
            suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self.fileno())) as sock,
        ):
            sock.shutdown(socket.SHUT_RDWR)

    # Public and meant to be overridden, but not documented: see decision record 16.
    async def wait(self, gen: PQGen[T], *_: object, **__: object) -> T:
        """Return the result of ``gen``, psycopg's steps of one exchange with the server.

        Let other tasks run first: under load the reply has arrived by then, and the socket need not
        be registered with the event loop, which costs as much as the exchange. On cancellation, end
        the connection: psycopg's own cancellation waits up to 5 s for the server.
        """
        loop = asyncio.get_running_loop()
        socket = self.fileno()
        try:
            state = next(gen)
            await asyncio.sleep(0)
            # It does no harm to report a state that is not ready: no step blocks.
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
        except psycopg.OperationalError as error:
            # A separate class, so that traces distinguish it from an outage.
            if self.gave_up:
                raise DeadlineExceeded from error
            raise
        except asyncio.CancelledError:
            self.gave_up = True
            self.pgconn.finish()
            raise


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
