"""Identify the state of a list."""

from application.ports.task_repository import TaskRepository
from domain.listing import StatusFilter


class FingerprintList:
    """Identify the state of a user's filtered list without reading the tasks."""

    def __init__(self, *, tasks: TaskRepository) -> None:
        self._tasks = tasks

    async def __call__(self, *, owner: str, status: StatusFilter) -> str:
        """Return ``domain.listing.fingerprint`` of the list. Raises StorageUnavailable."""
        return await self._tasks.fingerprint(owner, status)
