"""Filters, orders, pages and fingerprints of lists, defined once for every storage."""

import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from heapq import merge
from itertools import chain
from typing import Final, NamedTuple

from domain.task import Task
from domain.title_key import title_key


class StatusFilter(StrEnum):
    """Which of a user's tasks are listed."""

    ALL = "all"
    PENDING = "pending"
    COMPLETED = "completed"

    @property
    def completed(self) -> bool | None:
        """The value of ``completed`` in listed tasks; None if both values are listed."""
        return {
            StatusFilter.ALL: None,
            StatusFilter.PENDING: False,
            StatusFilter.COMPLETED: True,
        }[self]

    def admits(self, task: Task) -> bool:
        """Return whether ``task`` is listed."""
        return self.completed is None or task.completed is self.completed


class Position(NamedTuple):
    """A position in an order, with or without a task. Lesser positions come first."""

    key: datetime | str
    """The time of creation or the title key, depending on the order."""
    task_id: int


class Page(NamedTuple):
    """A part of a list."""

    tasks: list[Task]
    end: Position | None
    """The position of the last task if others follow in the list; else None."""


class SortOrder(StrEnum):
    """Order of a list. Both orders are total: equal tasks are ordered by ``id``."""

    CREATED = "created"
    """Oldest first."""
    TITLE = "title"
    """By title, regardless of letter case and accents: by the code points of its ``title_key``."""

    def arrange(self, tasks: Iterable[Task]) -> list[Task]:
        """Return ``tasks`` in this order."""
        return sorted(tasks, key=self.position)

    def merge(self, runs: Iterable[Iterable[Task]]) -> Iterator[Task]:
        """Yield the tasks of all ``runs`` in this order; each run must already be in this order."""
        return merge(*runs, key=self.position)

    def page(self, tasks: list[Task], limit: int) -> Page:
        """Return the page of the first ``limit`` of ``tasks``, which are in this order.

        One task more than ``limit`` is enough to show that others follow.
        """
        end = self.position(tasks[limit - 1]) if len(tasks) > limit else None
        return Page(tasks[:limit], end)

    def position(self, task: Task) -> Position:
        """Return the position of ``task``."""
        is_by_title = self is SortOrder.TITLE
        return Position(title_key(task.title) if is_by_title else task.created_at, task.id)


FINGERPRINT_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Zero of the microseconds in a fingerprint. It is PostgreSQL's zero as well."""

_MICROSECOND: Final = timedelta(microseconds=1)


class Fingerprint:
    """Digest of a set of a user's tasks, different for every state and the same for every order.

    SHA-256 over each task's ``id`` and ``updated_at`` (microseconds since FINGERPRINT_EPOCH), as
    signed big-endian integers of 64 bits, by ascending ``id``. Every change of a task increases its
    ``updated_at``, so states never recur. Counts and sums would not be enough: if the clock stands
    still, one task can leave a filtered list and another can replace it in every sum.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[int, int]] = []

    def add(self, tasks: Iterable[Task]) -> None:
        """Add some of the tasks."""
        self._seen += [
            (task.id, (task.updated_at - FINGERPRINT_EPOCH) // _MICROSECOND) for task in tasks
        ]

    def hexdigest(self) -> str:
        """Return the digest of all tasks added so far, in hexadecimal."""
        self._seen.sort()
        numbers = chain.from_iterable(self._seen)
        return sha256(struct.pack(f">{2 * len(self._seen)}q", *numbers)).hexdigest()


def fingerprint(tasks: Iterable[Task]) -> str:
    """Return the ``Fingerprint`` of ``tasks``, in hexadecimal."""
    digest = Fingerprint()
    digest.add(tasks)
    return digest.hexdigest()
