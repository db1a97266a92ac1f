"""One connection to an SQLite file, in a thread of its own."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from application.errors import StorageUnavailable

ANSWER_WITHIN: Final = 8.0
"""Seconds until an operation fails; requests are to be answered within 10."""

_Outcome = TypeVar("_Outcome")


class Connection:
    """Runs one transaction after the other on the file ``path``.

    SQLite's calls block: on another process's lock, and on the disk at every commit. In the event
    loop's thread they would hold up every request. It writes one transaction at a time anyway, so
    one thread is enough, and as the only one to use the connection it needs no lock.
    """

    def __init__(self, path: str, *, patience: float) -> None:
        """``patience`` are the seconds to wait while another process holds the file's lock."""
        self._path = path
        self._patience = patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._open: sqlite3.Connection | None = None

    async def read(self, work: Callable[[sqlite3.Connection], _Outcome]) -> _Outcome:
        """What ``work`` returns, which sees one state of the file throughout."""
        return await self._run("BEGIN DEFERRED", work)

    async def write(self, work: Callable[[sqlite3.Connection], _Outcome]) -> _Outcome:
        """What ``work`` returns, once it is on the disk.

        The write lock is taken first, so that nobody changes what ``work`` has read. What ``work``
        raises is passed on, and nothing of it is kept.
        """
        return await self._run("BEGIN IMMEDIATE", work)

    async def close(self) -> None:
        """Let go of the file once what is under way is done."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, begin: str, work: Callable[[sqlite3.Connection], _Outcome]) -> _Outcome:
        def transaction() -> _Outcome:
            connection = self._opened()
            with _transaction(connection, begin):
                return work(connection)

        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
        except (sqlite3.OperationalError, TimeoutError) as error:
            raise StorageUnavailable(f"the SQLite file does not answer: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._open is None:
            # Transactions begin and end here, not where Python guesses.
            connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
            try:
                self._configure(connection)
            except BaseException:
                connection.close()
                raise
            self._open = connection
        return self._open

    def _configure(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = FULL")  # what is stored survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")  # off by default
        deadline = time.monotonic() + self._patience
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
            except sqlite3.OperationalError:
                # Unlike any other statement, this one does not wait for another process's lock.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
