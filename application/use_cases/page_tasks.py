"""List tasks page by page."""

from application.ports.task_repository import TaskRepository
from domain.listing import Page, Position, SortOrder, StatusFilter


class PageTasks:
    """List one page of a user's tasks, filtered and sorted."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(
        self,
        *,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        """Return the first ``limit`` tasks after a position (None: from the beginning).

        Raises StorageUnavailable.
        """
        return await self._tasks.page(owner, status, order, limit=limit, after=after)
