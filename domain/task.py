"""The task: its fields, its limits, and how it changes.

Every transition takes the current time as ``now`` and returns a value; none reads a clock.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from domain.errors import InvalidTask, RuleViolation
from domain.text import is_storable

TITLE_MIN: Final = 1
"""Fewest characters (Unicode code points) of a trimmed title."""
TITLE_MAX: Final = 200
"""Most characters (Unicode code points) of a trimmed title."""
DESCRIPTION_MAX: Final = 1000
"""Most characters (Unicode code points) of a description."""

_TICK: Final = timedelta(microseconds=1)


class Unchanged(Enum):
    """Marks a field that an edit does not change (``None`` clears a description)."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task that is not stored yet, so it has no number."""

    user_id: str
    title: str
    description: str | None
    created_at: datetime

    @classmethod
    def create(
        cls, *, user_id: str, title: str, description: str | None, now: datetime
    ) -> "NewTask":
        """Return a pending task of ``user_id``, with its title trimmed.

        Raises InvalidTask, naming every field that breaks a rule.
        """
        title = title.strip()
        _require(*_title_violations(title), *_description_violations(description))
        return cls(user_id=user_id, title=title, description=description, created_at=now)

    def numbered(self, task_id: int) -> "Task":
        """Return the task as it is stored with the number ``task_id``."""
        return Task(
            id=task_id,
            user_id=self.user_id,
            title=self.title,
            description=self.description,
            completed=False,
            created_at=self.created_at,
            updated_at=self.created_at,
        )


# Not frozen: creating tasks is an eighth of the cost of a long list, and would cost twice as much.
@dataclass(slots=True)
class Task:
    """A to-do item of one user. Times are UTC with microseconds.

    The type checker forbids assigning to fields; a change returns another task.
    """

    id: Final[int]
    user_id: Final[str]
    title: Final[str]
    description: Final[str | None]
    completed: Final[bool]
    created_at: Final[datetime]
    updated_at: Final[datetime]

    def edit(
        self,
        *,
        title: str | Unchanged = UNCHANGED,
        description: str | Unchanged | None = UNCHANGED,
        completed: bool | Unchanged = UNCHANGED,
        now: datetime,
    ) -> "Task":
        """Return the task with the given fields replaced; the same object if nothing differs.

        Raises InvalidTask, naming every given field that breaks a rule.
        """
        violations: list[RuleViolation] = []
        if title is UNCHANGED:
            title = self.title
        else:
            title = title.strip()
            violations += _title_violations(title)
        if description is UNCHANGED:
            description = self.description
        else:
            violations += _description_violations(description)
        if completed is UNCHANGED:
            completed = self.completed
        _require(*violations)
        edited = replace(self, title=title, description=description, completed=completed)
        return self if edited == self else replace(edited, updated_at=self._next_update(now))

    def toggle(self, *, now: datetime) -> "Task":
        """Return the task with ``completed`` flipped."""
        return replace(self, completed=not self.completed, updated_at=self._next_update(now))

    def _next_update(self, now: datetime) -> datetime:
        # Greater than before, even if the clock stood still or went back.
        return max(now, self.updated_at + _TICK)


def _title_violations(title: str) -> list[RuleViolation]:
    if not TITLE_MIN <= len(title) <= TITLE_MAX:
        message = (
            f"title must have {TITLE_MIN} to {TITLE_MAX} characters, "
            "not counting surrounding white space"
        )
        return [RuleViolation("title", "length", message)]
    return _text_violations("title", title)


def _description_violations(description: str | None) -> list[RuleViolation]:
    if description is None:
        return []
    if len(description) > DESCRIPTION_MAX:
        message = f"description must have at most {DESCRIPTION_MAX} characters"
        return [RuleViolation("description", "length", message)]
    return _text_violations("description", description)


def _text_violations(field: str, text: str) -> list[RuleViolation]:
    if is_storable(text):
        return []
    message = f"{field} must not hold U+0000 or a lone surrogate"
    return [RuleViolation(field, "characters", message)]


def _require(*violations: RuleViolation) -> None:
    if violations:
        raise InvalidTask(*violations)
