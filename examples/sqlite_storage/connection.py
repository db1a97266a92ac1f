"""Connection to an SQLite file, used by one thread."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

from application.errors import StorageUnavailable

ANSWER_WITHIN: Final = 8.0
"""Seconds until an operation fails; a request must be answered within 10."""

_Outcome = TypeVar("_Outcome")


class Connection:
    """Run one transaction after the other on the file ``path``.

    SQLite's calls block on another process's lock, and on the disk at every commit. In the thread
    of the event loop they would block every request. SQLite writes one transaction at a time, so
    one thread is enough, and the connection needs no lock.
    """

    def __init__(self, path: str, *, patience: float) -> None:
        """``patience``: seconds to wait while another process holds the file's lock."""
        self._path = path
        self._patience = patience
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._open: sqlite3.Connection | None = None

    async def read(self, work: Callable[[sqlite3.Connection], _Outcome]) -> _Outcome:
        """Return the result of ``work``, which sees one state of the file throughout."""
        return await self._run("BEGIN DEFERRED", work)

    async def write(self, work: Callable[[sqlite3.Connection], _Outcome]) -> _Outcome:
        """Return the result of ``work`` after its changes are on the disk.

        The write lock is taken first, so that no other process changes what ``work`` has read. If
        ``work`` raises an exception, its changes are rolled back and the exception is raised.
        """
        return await self._run("BEGIN IMMEDIATE", work)

    async def close(self) -> None:
        """Close the file after the running transaction."""
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
            raise StorageUnavailable(f"the SQLite file does not respond: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._open is None:
            # Transactions begin and end in this class; Python begins none by itself.
            connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
            try:
                self._configure(connection)
            except BaseException:
                connection.close()
                raise
            self._open = connection
        return self._open

    def _configure(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = FULL")  # commits survive a power failure
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
