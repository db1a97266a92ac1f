"""Edit a task."""

from application.ports.clock import Clock
from application.ports.task_repository import TaskRepository
from domain.task import UNCHANGED, Task, Unchanged


class EditTask:
    """Change the title or the description of one of a user's tasks."""

    def __init__(self, *, tasks: TaskRepository, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock

    async def __call__(
        self,
        *,
        owner: str,
        task_id: int,
        title: str | Unchanged = UNCHANGED,
        description: str | Unchanged | None = UNCHANGED,
    ) -> Task:
        """The task as it stands afterwards, the same as before when nothing differs.

        Raises InvalidTask, TaskNotFound, StorageUnavailable.
        """
        now = self._clock.now()
        return await self._tasks.update(
            owner,
            task_id,
            lambda task: task.edit(title=title, description=description, now=now),
        )
