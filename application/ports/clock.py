"""The port for the current time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Source of the current time."""

    def now(self) -> datetime:
        """Return the current time: aware, UTC, in microseconds. It may stand still or go back."""
        ...
