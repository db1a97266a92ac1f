"""A clock that a test sets."""

from datetime import UTC, datetime


class SettableClock:
    """Return ``time`` until a test changes it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time
