"""Create a task."""

from application.ports.clock import Clock
from application.ports.task_repository import TaskRepository
from domain.task import NewTask, Task


class CreateTask:
    """Add a pending task to a user's list."""

    def __init__(
        self, *, tasks: TaskRepository, clock: Clock, task_limit: int | None = None
    ) -> None:
        """``task_limit`` is the most tasks that one user may have; None means no limit."""
        self._tasks = tasks
        self._clock = clock
        self._task_limit = task_limit

    async def __call__(self, *, owner: str, title: str, description: str | None) -> Task:
        """Return the stored task.

        Raises InvalidTask, UnknownUser, TaskLimitReached, StorageUnavailable.
        """
        new_task = NewTask.create(
            user_id=owner, title=title, description=description, now=self._clock.now()
        )
        return await self._tasks.add(new_task, limit=self._task_limit)
