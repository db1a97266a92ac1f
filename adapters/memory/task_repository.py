"""Tasks in a dictionary."""

from collections.abc import Callable, Collection, Iterator
from heapq import nsmallest
from itertools import count

from application.arranging import arrange
from application.errors import TaskLimitReached, TaskNotFound, UnknownUser
from domain.listing import Page, Position, SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task


class MemoryTaskRepository:
    """Stores all tasks in memory.

    ``users`` are the ids that may own tasks; None admits every id. Operations are atomic on one
    event loop without a lock, because they await nothing between reading and writing.
    """

    def __init__(self, users: Collection[str] | None = None) -> None:
        self._users = users
        self._numbers = count(1)
        self._tasks: dict[str, dict[int, Task]] = {}

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        if self._users is not None and task.user_id not in self._users:
            raise UnknownUser("the owner is not among the users of this repository")
        if limit is not None and len(self._tasks.get(task.user_id, ())) >= limit:
            raise TaskLimitReached(limit)
        stored = task.numbered(next(self._numbers))
        self._tasks.setdefault(stored.user_id, {})[stored.id] = stored
        return stored

    async def get(self, owner: str, task_id: int) -> Task:
        return self._find(owner, task_id)

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        # Copied before anything is awaited, so that the list is of one state.
        return await arrange(list(self._admitted(owner, status)), order)

    async def page(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        following = [
            task
            for task in self._admitted(owner, status)
            if after is None or order.position(task) > after
        ]
        tasks = nsmallest(limit + 1, following, key=order.position)
        return order.page(tasks, limit)

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        return fingerprint(self._admitted(owner, status))

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        changed = change(self._find(owner, task_id))
        self._tasks[owner][task_id] = changed
        return changed

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        task = self._find(owner, task_id)
        if condition is not None:
            condition(task)
        del self._tasks[owner][task_id]

    def _admitted(self, owner: str, status: StatusFilter) -> Iterator[Task]:
        return filter(status.admits, self._tasks.get(owner, {}).values())

    def _find(self, owner: str, task_id: int) -> Task:
        task = self._tasks.get(owner, {}).get(task_id)
        if task is None:
            raise TaskNotFound
        return task
