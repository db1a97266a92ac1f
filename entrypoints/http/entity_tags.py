"""Entity tags of tasks and lists (RFC 9110, 8.8.3)."""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from domain.listing import SortOrder
from domain.task import Task
from entrypoints.http.schemas import timestamp

_ANY: Final = "*"

# A strong tag of a task, as ``task_tag`` writes it. A header may hold thousands of other tags,
# which are skipped without being parsed.
_TASK_TAG: Final = re.compile(r'(?<![^\s,])"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"', re.ASCII)


def task_tag(task: Task) -> str:
    """Return the tag of a task: its ``updated_at`` in quotes, which a list contains, too."""
    return f'"{timestamp(task.updated_at)}"'


def list_tag(
    fingerprint: str, order: SortOrder, *, compressed: bool, has_next: bool = False
) -> str:
    """Return the tag of a list with this ``domain.listing.Fingerprint``: one for each body.

    When a next page comes into being, the body stays the same but the tag changes, so that the
    client receives the Link.
    """
    more, coding = "-more" if has_next else "", "-gzip" if compressed else ""
    return f'"{order}-{fingerprint}{more}{coding}"'


def known_tag(tags: Sequence[str], if_none_match: str) -> str | None:
    """Return the first of ``tags`` that an If-None-Match header names; None if it names none.

    Compared weakly (RFC 9110, 13.1.2).
    """
    if if_none_match.strip() == _ANY:
        return tags[0]
    # A tag contains no quotes itself, so finding it with its quotes is enough.
    return next((tag for tag in tags if tag in if_none_match), None)


def versions(if_match: str | None) -> Collection[datetime] | None:
    """Return the values of ``updated_at`` that an If-Match header admits; None if it admits any.

    Compared strongly (RFC 9110, 13.1.1): weak tags, and tags of other forms, admit nothing.
    """
    if if_match is None or if_match.strip() == _ANY:
        return None
    admitted = set()
    for text in _TASK_TAG.findall(if_match):
        with suppress(ValueError):
            admitted.add(datetime.fromisoformat(text))
    return admitted
