"""The port for storing tasks."""

from collections.abc import Callable
from typing import Protocol

from domain.listing import Page, Position, SortOrder, StatusFilter
from domain.task import NewTask, Task


class TaskRepository(Protocol):
    """The tasks of all users.

    Each operation takes the owner and neither reads nor changes another user's tasks. It is atomic,
    safe to run concurrently, and durable once it has returned. ``owner`` is any storable text;
    ``task_id`` is any integer. Every operation raises StorageUnavailable if the storage does not
    respond in time. A change that was under way may then have been made or not; the adapter does
    not repeat it.
    """

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        """Store ``task`` and return it with its number.

        Numbers increase and are never reused, not even after a deletion. Raises UnknownUser if the
        storage has a list of users and the owner is not in it. Raises TaskLimitReached if the owner
        already has ``limit`` tasks (None: no limit), even if many are added at once.
        """
        ...

    async def get(self, owner: str, task_id: int) -> Task:
        """Return the owner's task. Raises TaskNotFound."""
        ...

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        """Return the owner's tasks that ``status`` admits, as ``order`` arranges them.

        The list is a snapshot of the storage. A long list is read in pieces, so that the event loop
        can serve other requests in between.
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

        With ``after``, return the first ``limit`` tasks that follow this position of the same
        order. The cost depends on ``limit`` only, not on the length of the list.
        """
        ...

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        """Return ``domain.listing.fingerprint`` of the list, without fetching the tasks."""
        ...

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        """Replace the owner's task by ``change(task)`` and return the result.

        No update is lost: no other change is stored between reading the task and storing the
        result. ``change`` must be pure: it may be called several times, and only the last result
        counts. If it raises, the error is passed on and nothing is stored. If it returns an equal
        task, nothing is written. It must keep ``id``, ``user_id`` and ``created_at``, and increase
        the ``updated_at`` of a changed task. Raises TaskNotFound.
        """
        ...

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        """Remove the owner's task for good. Raises TaskNotFound.

        ``condition`` is called with the task first. If it raises, the error is passed on and the
        task is kept. Like ``change``, it must be pure and may be called several times.
        """
        ...
