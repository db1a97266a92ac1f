"""Get one task."""

from application.ports.task_repository import TaskRepository
from domain.task import Task


class GetTask:
    """Look up one of a user's tasks."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(self, *, owner: str, task_id: int) -> Task:
        """Return the task. Raises TaskNotFound, StorageUnavailable."""
        return await self._tasks.get(owner, task_id)
