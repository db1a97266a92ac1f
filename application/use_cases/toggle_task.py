"""Toggle a task."""

from application.ports.clock import Clock
from application.ports.task_repository import TaskRepository
from domain.task import Task


class ToggleTask:
    """Turn a pending task into a completed one, and back."""

    def __init__(self, *, tasks: TaskRepository, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock

    async def __call__(self, *, owner: str, task_id: int) -> Task:
        """The flipped task. Raises TaskNotFound, StorageUnavailable."""
        now = self._clock.now()
        return await self._tasks.update(owner, task_id, lambda task: task.toggle(now=now))
