"""Which tasks a listing holds and in which order: the one definition for every storage."""

from collections.abc import Iterable
from enum import StrEnum

from domain.task import Task


class StatusFilter(StrEnum):
    """Which of a user's tasks are listed."""

    ALL = "all"
    PENDING = "pending"
    COMPLETED = "completed"

    @property
    def completed(self) -> bool | None:
        """The value of ``completed`` that a listed task has; None when either will do."""
        return {
            StatusFilter.ALL: None,
            StatusFilter.PENDING: False,
            StatusFilter.COMPLETED: True,
        }[self]

    def admits(self, task: Task) -> bool:
        """Whether ``task`` is listed."""
        return self.completed is None or task.completed is self.completed


class SortOrder(StrEnum):
    """In which order tasks are listed. Both orders are total: ``id`` decides between equals."""

    CREATED = "created"
    """Oldest first."""
    TITLE = "title"
    """By title as a person reads it: letter case does not count (Unicode case folding)."""

    def arrange(self, tasks: Iterable[Task]) -> list[Task]:
        """``tasks`` in this order."""
        if self is SortOrder.TITLE:
            return sorted(tasks, key=lambda task: (task.title.casefold(), task.id))
        return sorted(tasks, key=lambda task: (task.created_at, task.id))
