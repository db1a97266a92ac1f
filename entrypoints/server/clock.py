"""A timer that can be restarted."""

import asyncio
from collections.abc import Callable


class Clock:
    """One timer, which can be restarted or stopped before it expires."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._timer is not None

    def start(self, seconds: float, expired: Callable[[], None]) -> None:
        """Start or restart the timer, which calls ``expired`` after ``seconds``."""
        # ``expired`` is not stored: a connection and its clock would form a reference cycle.
        self.stop()
        self._timer = self._loop.call_later(seconds, expired)

    def stop(self) -> None:
        """Stop the timer if it is running."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
