"""List tasks."""

from application.ports.task_repository import TaskRepository
from domain.listing import SortOrder, StatusFilter
from domain.task import Task


class ListTasks:
    """List a user's tasks, filtered and sorted."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(self, *, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        """Return all of the tasks. Raises StorageUnavailable."""
        return await self._tasks.list(owner, status, order)
