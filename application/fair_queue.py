"""Share a limited number of places fairly among users."""

import asyncio
from collections import deque
from typing import Final

from application.errors import StorageUnavailable

WAITING_MAX: Final = 1000
"""Most requests that wait for a place, divided equally among the waiting users.

Clients can send many requests and disconnect before the responses.
"""

User = str | None
"""The user whose request takes a place; None means the service itself."""


class FairQueue:
    """``size`` places, at most ``each`` of them for one user at a time.

    Waiting users are served in turn: many requests of one user delay another user's request by one
    place at most. Belongs to one event loop.
    """

    def __init__(self, *, size: int, each: int) -> None:
        self._free = size
        self._each = each
        self._used: dict[User, int] = {}
        self._waiting: dict[User, deque[asyncio.Future[None]]] = {}
        """Waiting users, the next one first, with their requests in order of arrival."""

    @property
    def waiting(self) -> int:
        """Number of requests that wait for a place."""
        return sum(map(len, self._waiting.values()))

    def enter(self, user: User) -> asyncio.Future[None] | None:
        """Take a place for ``user`` and return None, or return the place to ``wait`` for.

        Call ``release`` once the place is no longer used. Raises StorageUnavailable if too many
        requests of ``user`` wait already.
        """
        if self._may_take(user):
            self._take(user)
            return None
        places = self._waiting.setdefault(user, deque())
        if len(places) * len(self._waiting) >= WAITING_MAX:
            raise StorageUnavailable("too many requests of the user wait for their turn")
        place = asyncio.get_running_loop().create_future()
        places.append(place)
        return place

    async def wait(self, user: User, place: asyncio.Future[None]) -> None:
        """Wait until ``place`` is taken. Cancelling the place ends the wait."""
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._withdraw(user, place)
            else:
                # The place was assigned in the same pass of the event loop.
                self.release(user)
            raise

    def release(self, user: User) -> bool:
        """Take back a place of ``user``; return whether a waiting request has it now."""
        self._free += 1
        self._used[user] -= 1
        if not self._used[user]:
            del self._used[user]
        is_taken = False
        while self._free and self._waiting:
            following = next(filter(self._may_take, self._waiting), ...)
            if following is ...:
                break
            places = self._waiting.pop(following)
            place = places.popleft()
            if places:
                # Behind all other waiting users.
                self._waiting[following] = places
            if not place.cancelled():
                self._take(following)
                place.set_result(None)
                is_taken = True
        return is_taken

    def _may_take(self, user: User) -> bool:
        return self._free > 0 and self._used.get(user, 0) < self._each

    def _take(self, user: User) -> None:
        self._free -= 1
        self._used[user] = self._used.get(user, 0) + 1

    def _withdraw(self, user: User, place: asyncio.Future[None]) -> None:
        places = self._waiting.get(user, deque())
        if place in places:
            places.remove(place)
            if not places:
                del self._waiting[user]
