"""One connection to PostgreSQL: what runs on it, and how its end is noticed or brought about."""

import asyncio
import select
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.waiting import Ready, Wait

from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement

Row = tuple[Any, ...]

_SUCCESS: Final = frozenset((ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK))

_WHO_ANSWERS: Final = Statement(b"SELECT pg_backend_pid()")


class Connection:
    """Runs one statement at a time, each a transaction of its own.

    It makes libpq's calls itself, as psycopg wraps them, and has psycopg adapt the values. A
    cursor of psycopg's would make the same calls, and prepares for much more: it costs three
    times as much as the calls do.
    """

    def __init__(self, driver: psycopg.AsyncConnection) -> None:
        """Take over ``driver``, which commits by itself."""
        self._driver = driver
        self._libpq = driver.pgconn
        self._adapter = Transformer(driver)
        self._poll = select.poll()
        self._poll.register(self._libpq.socket, select.POLLIN)
        self._names: dict[Statement, bytes] | None = None
        """Of the statements that are prepared here; None where none may be."""

    @classmethod
    async def open(cls, dsn: Dsn) -> "Connection":
        """A new connection. Raises psycopg.Error when the server cannot be reached."""
        connection = cls(await dsn.connect(autocommit=True))
        # A pooler hands each transaction another server connection, to which a statement prepared
        # earlier is unknown. It also cannot announce the process that is going to answer.
        try:
            [(process,)] = await connection.run(_WHO_ANSWERS, {})
        except BaseException:
            connection.close()
            raise
        if process == connection._libpq.backend_pid:
            connection._names = {}
        return connection

    async def run(self, statement: Statement, parameters: Mapping[str, object]) -> list[Row]:
        """The rows that ``statement`` returns. Raises psycopg.Error.

        Whoever is cancelled in the middle leaves a closed connection behind: cancelling the
        statement would first ask the server, which may be what is frozen.
        """
        given = [parameters[name] for name in statement.parameters]
        # As text, and of the types that the statement casts them to.
        values = self._adapter.dump_sequence(given, [PyFormat.TEXT] * len(given))
        if self._names is None:
            self._libpq.send_query_params(statement.text, values, result_format=Format.BINARY)
        else:
            name = self._names.get(statement) or await self._prepare(statement, self._names)
            self._libpq.send_query_prepared(name, values, result_format=Format.BINARY)
        result = await self._result()
        self._adapter.set_pgresult(result)
        rows = self._adapter.load_rows(0, result.ntuples, tuple)
        # It would keep the result, perhaps a long list, until the next one comes.
        self._adapter.set_pgresult(None)
        return rows

    async def _prepare(self, statement: Statement, names: dict[Statement, bytes]) -> bytes:
        name = statement.name
        self._libpq.send_prepare(name, statement.text)
        await self._result()
        names[statement] = name
        return name

    async def _result(self) -> PGresult:
        try:
            results = await self._wait(generators.execute(self._libpq))
        except BaseException:
            self.close()
            raise
        if not results:
            self.close()
            raise psycopg.InternalError("the server answered with nothing")
        for result in results:
            if result.status not in _SUCCESS:
                raise error_from_result(result)
        return results[-1]

    async def _wait(self, work: PQGen[list[PGresult]]) -> list[PGresult]:
        """What ``work`` returns in the end, waiting for the socket whenever it asks for it."""
        loop = asyncio.get_running_loop()
        socket = self._libpq.socket
        try:
            wanted = next(work)
            # Where many are served, the answer is there by the time that it is one's turn again,
            # and asking for it costs less than asking to be told.
            await asyncio.sleep(0)
            wanted = work.send(Ready(wanted))
            while True:
                ready = loop.create_future()
                loop.add_reader(socket, _set, ready)
                if wanted & Wait.W:
                    loop.add_writer(socket, _set, ready)
                try:
                    await ready
                finally:
                    loop.remove_reader(socket)
                    if wanted & Wait.W:
                        loop.remove_writer(socket)
                # Being told of more than there is does no harm: no call blocks.
                wanted = work.send(Ready(wanted))
        except StopIteration as end:
            results: list[PGresult] = end.value
            return results

    @property
    def closed(self) -> bool:
        """Whether this end knows that the connection is of no use any more."""
        return self._driver.closed

    def has_hung_up(self) -> bool:
        """Whether the server has ended this idle connection, as when a Neon compute goes to sleep.

        Costs one system call and no round trip: a server has nothing to say to an idle client but
        goodbye.
        """
        if self.closed:
            return True
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """End the connection, without waiting for anybody."""
        self._libpq.finish()


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
