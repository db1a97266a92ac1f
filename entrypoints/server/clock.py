"""A timer that is started again and again."""

import asyncio
from collections.abc import Callable


class Clock:
    """One timer: it is started again, or stopped, before it calls back."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started, and not stopped since."""
        return self._timer is not None

    def start(self, seconds: float, expired: Callable[[], None]) -> None:
        """Start, or start again: call ``expired`` after so many seconds."""
        # Not kept here: a connection and its clock would refer to each other.
        self.stop()
        self._timer = self._loop.call_later(seconds, expired)

    def stop(self) -> None:
        """Stop, if it is running."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
