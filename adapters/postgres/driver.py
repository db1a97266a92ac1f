"""psycopg's connection, as this adapter uses it."""

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
    """The statement was under way when this side ended the connection."""


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
        except psycopg.OperationalError as error:
            # A name of its own, so that a trace tells it from an outage.
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
