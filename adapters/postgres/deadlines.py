"""Deadlines of operations, all with the same limit."""

import asyncio
from typing import Final, Protocol

ANSWER_WITHIN: Final = 6.5
"""Seconds after which an operation fails, even if the database does not respond.

Fetching a key set may take another 3 s, and a request 10 s in all. A suspended Neon compute takes
up to 5 s to wake.
"""


class Expiring(Protocol):
    """An operation that can expire."""

    def expire(self) -> None:
        """End the operation soon."""
        ...


class Deadlines:
    """Expires operations that take too long.

    All have the same limit, so they are due in the order in which they began, and one timer of the
    event loop is enough. Otherwise a timer would be set and cancelled for every request.
    """

    def __init__(self) -> None:
        self.seconds = ANSWER_WITHIN
        """Seconds that an operation may take."""
        self._due: dict[Expiring, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, operation: Expiring) -> float:
        """Begin an operation; return when it is due, by the time of the event loop."""
        loop = asyncio.get_running_loop()
        due = self._due[operation] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._expire, loop)
        return due

    def end(self, operation: Expiring) -> None:
        """End an operation, which may have expired."""
        self._due.pop(operation, None)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._due:
            operation, due = next(iter(self._due.items()))
            if due > loop.time():
                self._timer = loop.call_at(due, self._expire, loop)
                return
            del self._due[operation]
            operation.expire()
