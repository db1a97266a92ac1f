"""Edit a task."""

from collections.abc import Collection
from datetime import datetime

from application.ports.clock import Clock
from application.ports.task_repository import TaskRepository
from application.preconditions import require_version
from domain.task import UNCHANGED, Task, Unchanged


class EditTask:
    """Change fields of one of a user's tasks."""

    def __init__(self, *, tasks: TaskRepository, clock: Clock) -> None:
        self._tasks = tasks
        self._clock = clock

    async def __call__(  # noqa: PLR0913 - one for each field
        self,
        *,
        owner: str,
        task_id: int,
        title: str | Unchanged = UNCHANGED,
        description: str | Unchanged | None = UNCHANGED,
        completed: bool | Unchanged = UNCHANGED,
        seen: Collection[datetime] | None = None,
    ) -> Task:
        """Return the edited task; an equal one if nothing differs.

        With ``seen``, the task's ``updated_at`` must be one of its values.
        Raises TaskNotFound, TaskChanged, InvalidTask, StorageUnavailable.
        """
        now = self._clock.now()

        def change(task: Task) -> Task:
            require_version(task, seen)
            return task.edit(title=title, description=description, completed=completed, now=now)

        return await self._tasks.update(owner, task_id, change)
