"""Who is told what the database does."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class PoolUse(NamedTuple):
    """How busy the pool of one process is."""

    used: int
    """Connections that an operation holds."""
    idle: int
    """Open connections that nobody holds."""
    limit: int
    """Most connections there can be."""
    waiting: int
    """Operations that wait for a connection."""


class DatabaseObserver(Protocol):
    """Watches a Database. Never sees a parameter's value."""

    def watch_pool(self, use: Callable[[], PoolUse]) -> None:
        """Take note of how to learn the pool's use, at any time and from any thread."""
        ...

    def got_connection(self, seconds: float) -> None:
        """An operation waited this long for its connection."""
        ...

    def no_connection(self, seconds: float, error: Exception) -> None:
        """An operation waited this long and got none, because of ``error``."""
        ...

    def statement(self, text: bytes) -> AbstractContextManager[object]:
        """A statement runs within the context that is returned, and an error leaves through it."""
        ...
