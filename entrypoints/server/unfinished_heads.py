"""Limit what the unfinished heads of all connections hold."""

from typing import Final, Protocol


class Refusable(Protocol):
    """A connection whose head is not complete."""

    def refuse_head(self) -> None:
        """Refuse the request, and release its head."""
        ...


class UnfinishedHeads:
    """The sizes of unfinished heads, which together have at most ``limit`` bytes.

    A limit for each connection is not enough, because a client can open thousands. A head that
    arrives in one piece is complete at once, so it is neither counted nor refused.
    """

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._sizes: dict[Refusable, int] = {}
        self._total = 0

    def hold(self, connection: Refusable, size: int) -> None:
        """Set the size of a head, 0 if it is complete. Beyond the limit, refuse the largest."""
        self.release(connection)
        if not size:
            return
        self._sizes[connection] = size
        self._total += size
        while self._total > self._limit:
            largest = max(self._sizes, key=self._sizes.__getitem__)
            self.release(largest)
            largest.refuse_head()

    def release(self, connection: Refusable) -> None:
        """Forget the head of a connection, if it has one."""
        self._total -= self._sizes.pop(connection, 0)
