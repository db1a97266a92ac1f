"""Limits for long lists: how many are made at a time, and how many bytes wait for clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from application.fair_queue import FairQueue

_AT_ONCE: Final = 2
"""Long lists that one process makes at a time."""

_UNSENT_MAX: Final = 16 * 1024 * 1024
"""Most bytes of finished lists that may wait for clients while further lists are made."""

_READ_WITHIN_SECONDS: Final = 4.0
"""Time that a client has to read its list even if other lists wait for room."""


class Place:
    """The place of one list, which is made and then sent."""

    def __init__(self, places: "ListPlaces", owner: str, deadline: asyncio.Timeout) -> None:
        self._places = places
        self._deadline = deadline
        self.owner = owner
        self.is_held = True
        """Whether the next list has to wait for this one."""
        self.unsent = 0
        self.read_until = 0.0
        """When the list is cut off if others need its room."""

    def made(self, unsent: int) -> None:
        """Record that the list is made and has ``unsent`` bytes."""
        self.unsent = unsent
        self.read_until = asyncio.get_running_loop().time() + _READ_WITHIN_SECONDS
        self.expire_at(None)
        self._places.finished(self)

    def sent(self, number: int) -> None:
        """Record that ``number`` more bytes were sent."""
        self.unsent -= number
        self._places.make_room()

    def expire_at(self, when: float | None) -> None:
        """End the block of the list at ``when``, a time of the event loop; None means never."""
        if self._deadline.when() != when and not self._deadline.expired():
            self._deadline.reschedule(when)


class ListPlaces:
    """Two places for making long lists: one per user, users in turn.

    A finished list gives its place to the next one, unless too many bytes of finished lists wait
    for clients. Then the next list waits until the client that has been reading longest is cut off.
    """

    def __init__(self) -> None:
        self._making = FairQueue(size=_AT_ONCE, each=1)
        self._finished: dict[Place, None] = {}
        """Lists that are being sent, the oldest first."""

    @asynccontextmanager
    async def place(self, owner: str, deadline: asyncio.Timeout) -> AsyncIterator[Place]:
        """Wait for a place; the block makes its list, calls ``made``, and sends it.

        ``deadline`` ends the block of a list that is cut off. Raises StorageUnavailable.
        """
        turn = self._making.enter(owner)
        if turn is not None:
            self.make_room()
            await self._making.wait(owner, turn)
        place = Place(self, owner, deadline)
        try:
            yield place
        finally:
            self._finished.pop(place, None)
            self._release(place)
            self.make_room()

    def finished(self, place: Place) -> None:
        """Count the unsent bytes of a list that is made."""
        self._finished[place] = None
        self.make_room()

    def make_room(self) -> None:
        """Admit further lists if few bytes wait for clients; else limit the oldest client."""
        if sum(place.unsent for place in self._finished) <= _UNSENT_MAX:
            for place in self._finished:
                place.expire_at(None)
                self._release(place)
        elif self._making.waiting:
            oldest = next(iter(self._finished))
            oldest.expire_at(oldest.read_until)

    def _release(self, place: Place) -> None:
        if place.is_held:
            place.is_held = False
            self._making.release(place.owner)
