"""Delete a task."""

from collections.abc import Collection
from datetime import datetime

from application.ports.task_repository import TaskRepository
from application.preconditions import require_version


class DeleteTask:
    """Remove one of a user's tasks for good."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(
        self, *, owner: str, task_id: int, seen: Collection[datetime] | None = None
    ) -> None:
        """Return once the task is deleted.

        With ``seen``, the task's ``updated_at`` must be one of its values.
        Raises TaskNotFound, TaskChanged, StorageUnavailable.
        """
        if seen is None:
            await self._tasks.delete(owner, task_id)
        else:
            await self._tasks.delete(owner, task_id, lambda task: require_version(task, seen))
