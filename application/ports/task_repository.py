"""The port for storing tasks."""

from collections.abc import Callable
from typing import Protocol

from domain.listing import Page, Position, SortOrder, StatusFilter
from domain.task import NewTask, Task


class TaskRepository(Protocol):
    """The tasks of all users.

    Each operation names the owner and neither reads nor changes another user's tasks. Each is one
    atomic step, safe to run concurrently, and durable once it has returned. ``owner`` is any
    storable text; a task number may be any integer. Every operation raises StorageUnavailable if
    the storage does not respond in time; a change that was under way may then have been made or
    not, and the adapter does not repeat it.
    """

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        """Store ``task`` and return it with its number.

        Numbers grow and are never used again, not even after a deletion. Raises UnknownUser if
        the storage knows its users and the owner is not among them, and TaskLimitReached if the
        owner already has ``limit`` tasks (None: no limit), however many are added at once.
        """
        ...

    async def get(self, owner: str, task_id: int) -> Task:
        """Return the owner's task. Raises TaskNotFound."""
        ...

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        """Return the owner's tasks that ``status`` admits, as ``order`` arranges them.

        The list is one state of the storage. A long list is read in pieces, so that the event loop
        serves other requests in between.
        """
        ...

    async def page(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        """Return the first ``limit`` tasks (at least 1) of that list.

        With ``after``, return the first of those that follow this position of the same order. The
        cost depends on ``limit`` alone, not on the length of the list.
        """
        ...

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        """Return ``domain.listing.fingerprint`` of the list, without fetching the tasks."""
        ...

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        """Replace the owner's task by ``change(task)`` and return the result.

        No other change is made between the task that ``change`` is given and the one that is
        stored, so that no update is lost. ``change`` must be pure: it may be called several times,
        and only the last result counts. If it raises, the error is passed on and nothing is
        stored; if it returns an equal task, nothing is written. It must keep ``id``, ``user_id``
        and ``created_at``, and make ``updated_at`` of a changed task greater. Raises TaskNotFound.
        """
        ...

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        """Remove the owner's task for good. Raises TaskNotFound.

        ``condition`` is called with the task that is to be removed; if it raises, the error is
        passed on and the task stays. Like ``change``, it must be pure and may be called several
        times.
        """
        ...
