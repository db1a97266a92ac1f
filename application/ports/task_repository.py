"""The port for keeping tasks."""

from collections.abc import Callable
from typing import Protocol

from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask, Task


class TaskRepository(Protocol):
    """Every user's tasks.

    Each operation names the owner and never sees or touches anybody else's tasks. Each is one
    atomic step, safe to run concurrently, and stored for good once it has returned. ``owner`` is
    any storable text; a task number may be any integer. Every operation raises
    StorageUnavailable when the storage does not answer in time; a change that was under way may
    then have happened or not, and is never repeated by the adapter.
    """

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        """Store ``task`` and return it with its number.

        Numbers grow and are never used again, not even after a deletion. Raises UnknownUser
        when the storage knows its users and the owner is none of them, and TaskLimitReached when
        the owner has ``limit`` tasks already (None: any number), however many are added at once.
        """
        ...

    async def get(self, owner: str, task_id: int) -> Task:
        """The owner's task. Raises TaskNotFound."""
        ...

    async def list(
        self, owner: str, status: StatusFilter, order: SortOrder, *, limit: int | None = None
    ) -> list[Task]:
        """Return the owner's tasks that ``status`` admits, as ``order`` arranges them.

        With a ``limit`` only the first so many. The list is one state of the storage. A long one
        is read in pieces, between which other work of the event loop has its turn.
        """
        ...

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        """``domain.listing.fingerprint`` of what ``list`` returns, found without fetching it."""
        ...

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        """Replace the owner's task by ``change(task)`` and return the outcome.

        No other change comes between what ``change`` sees and what is stored, so that no update
        is lost. ``change`` is pure: it may be called more than once, of which only the last
        outcome counts, and what it raises is passed on with nothing stored. When it returns an
        equal task nothing is written. It must keep ``id``, ``user_id`` and ``created_at``, and
        make ``updated_at`` greater in every changed task. Raises TaskNotFound.
        """
        ...

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        """Remove the owner's task for good. Raises TaskNotFound.

        ``condition`` sees the task as it is removed; what it raises is passed on and the task
        stays. Like ``change`` it is pure and may be called more than once.
        """
        ...
