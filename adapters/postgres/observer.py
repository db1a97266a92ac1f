"""The port through which a database reports what it does."""

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
    """Largest number of connections."""
    waiting: int
    """Operations that wait for a connection."""


class DatabaseObserver(Protocol):
    """Watches a Database. Never sees a parameter's value."""

    def watch_pool(self, use: Callable[[], PoolUse]) -> None:
        """Keep ``use``, which returns the pool's use at any time and in any thread."""
        ...

    def got_connection(self, seconds: float) -> None:
        """Note that an operation waited this long for its connection."""
        ...

    def no_connection(self, seconds: float, error: Exception) -> None:
        """Note that an operation waited this long and got none, because of ``error``."""
        ...

    def connecting(self) -> AbstractContextManager[object]:
        """Return a context in which a connection is opened; an error leaves through it."""
        ...

    def serves(self, revision: str) -> None:
        """Note that the schema has been found ready at this revision."""
        ...

    def statement(self, text: bytes) -> AbstractContextManager[object]:
        """Return a context in which the statement runs; an error leaves through it."""
        ...
