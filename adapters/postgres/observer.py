"""Interface through which the database adapter reports its activity."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class PoolUse(NamedTuple):
    """How busy the pool of one process is."""

    used: int
    """Connections that an operation holds."""
    idle: int
    """Open connections that no operation holds."""
    limit: int
    """Most connections."""
    waiting: int
    """Operations that wait for a connection."""


class DatabaseObserver(Protocol):
    """Receives the events of a Database, without the values of parameters."""

    def watch_pool(self, use: Callable[[], PoolUse]) -> None:
        """Keep ``use``, which returns the pool's use at any time and in any thread."""
        ...

    def got_connection(self, seconds: float) -> None:
        """Record that an operation waited this long for its connection."""
        ...

    def no_connection(self, seconds: float, error: Exception) -> None:
        """Record that an operation waited this long and got no connection, because of ``error``."""
        ...

    def connecting(self) -> AbstractContextManager[object]:
        """Return a context in which a connection is opened; it sees the error of a failure."""
        ...

    def serves(self, revision: str) -> None:
        """Record that the schema is ready at this revision."""
        ...

    def statement(self, text: bytes) -> AbstractContextManager[object]:
        """Return a context in which the statement runs; it sees the error of a failure."""
        ...
