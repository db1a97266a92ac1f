"""Delete a task."""

from application.ports.task_repository import TaskRepository


class DeleteTask:
    """Remove one of a user's tasks for good."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(self, *, owner: str, task_id: int) -> None:
        """Return once it is gone. Raises TaskNotFound, StorageUnavailable."""
        await self._tasks.delete(owner, task_id)
