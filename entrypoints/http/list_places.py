"""Places to make long lists in, and what waits for the clients of finished ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from application.fair_queue import FairQueue

_AT_ONCE: Final = 2
"""Long lists that one process makes at a time."""

_UNSENT_MAX: Final = 16 * 1024 * 1024
"""Bytes of finished lists that may wait for their clients while further lists are made."""

_READ_WITHIN_SECONDS: Final = 4.0
"""Time that a client has to read its list even if too many bytes and other lists wait."""


class Place:
    """One list: being made, then being sent."""

    def __init__(self, places: "ListPlaces", owner: str, deadline: asyncio.Timeout) -> None:
        self._places = places
        self._deadline = deadline
        self.owner = owner
        self.is_held = True
        """Whether the next list has to wait for this one."""
        self.unsent = 0
        self.read_until = 0.0
        """When the list is cut off if there is no room for others."""

    def made(self, unsent: int) -> None:
        """Tell that the list is made, and how many bytes of it are to be sent."""
        self.unsent = unsent
        self.read_until = asyncio.get_running_loop().time() + _READ_WITHIN_SECONDS
        self.expire_at(None)
        self._places.finished(self)

    def sent(self, number: int) -> None:
        """Tell that the client has been sent so many more bytes."""
        self.unsent -= number
        self._places.make_room()

    def expire_at(self, when: float | None) -> None:
        """End the block of the list at ``when``, by the event loop's time; None: never."""
        if self._deadline.when() != when and not self._deadline.expired():
            self._deadline.reschedule(when)


class ListPlaces:
    """Two places to make long lists in: one for a user, users in turn.

    A finished list gives its place to the next one, unless too much of finished lists waits for
    clients. Then the next list waits, but not for long: the client that has been reading for the
    longest time is cut off.
    """

    def __init__(self) -> None:
        self._making = FairQueue(size=_AT_ONCE, each=1)
        self._finished: dict[Place, None] = {}
        """Lists that are being sent, the oldest first."""

    @asynccontextmanager
    async def place(self, owner: str, deadline: asyncio.Timeout) -> AsyncIterator[Place]:
        """Wait for a place; the block makes its list, tells so, and sends it.

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
        """Keep account of a list that is made, until it is sent."""
        self._finished[place] = None
        self.make_room()

    def make_room(self) -> None:
        """Let further lists be made if little waits for clients; else make sure that they will."""
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
