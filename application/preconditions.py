"""Conditions that a task must meet before it is changed."""

from collections.abc import Collection
from datetime import datetime

from application.errors import TaskChanged
from domain.task import Task


def require_version(task: Task, seen: Collection[datetime] | None) -> None:
    """Raise TaskChanged unless ``task`` was last changed at one of ``seen``; None admits any.

    Every change increases ``updated_at``, so an equal value proves that nothing changed.
    """
    if seen is not None and task.updated_at not in seen:
        raise TaskChanged
