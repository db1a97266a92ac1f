"""The port for the current time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current time: UTC, aware, in microseconds. It may stand still or go back."""
        ...
