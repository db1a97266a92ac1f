"""A clock that a test sets."""

from datetime import UTC, datetime


class SettableClock:
    """Stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time
