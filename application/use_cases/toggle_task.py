"""Toggle a task."""

from collections.abc import Collection
from datetime import datetime

from application.ports.clock import Clock
from application.ports.task_repository import TaskRepository
from application.preconditions import require_version
from domain.task import Task


class ToggleTask:
    """Turn a pending task into a completed one, and back."""

    def __init__(self, *, tasks: TaskRepository, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock

    async def __call__(
        self, *, owner: str, task_id: int, seen: Collection[datetime] | None = None
    ) -> Task:
        """Return the flipped task.

        With ``seen``, the task's ``updated_at`` must be one of its values.
        Raises TaskNotFound, TaskChanged, StorageUnavailable.
        """
        now = self._clock.now()

        def change(task: Task) -> Task:
            require_version(task, seen)
            return task.toggle(now=now)

        return await self._tasks.update(owner, task_id, change)
