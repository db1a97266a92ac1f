"""Entity tags: what states of a task or a list are called (RFC 9110, 8.8.3)."""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from domain.listing import SortOrder
from domain.task import Task
from entrypoints.http.schemas import timestamp

_TAG: Final = re.compile(r'(?<![^\s,])(W/)?"([^"]*)"')
_ANY: Final = "*"


def task_tag(task: Task) -> str:
    """The tag of a task: its ``updated_at`` in quotes, so that one from a list can be told, too."""
    return f'"{timestamp(task.updated_at)}"'


def list_tag(fingerprint: str, order: SortOrder, *, compressed: bool) -> str:
    """The tag of a list by its ``domain.listing.fingerprint``, which differs by what is sent."""
    return f'"{order}-{fingerprint}{"-gzip" if compressed else ""}"'


def known_tag(tags: Sequence[str], if_none_match: str | None) -> str | None:
    """The first of ``tags`` that the client has, by its If-None-Match header, if any.

    Compared weakly (RFC 9110, 13.1.2).
    """
    if if_none_match is None:
        return None
    if if_none_match.strip() == _ANY:
        return tags[0]
    known = {text for _, text in _TAG.findall(if_none_match)}
    return next((tag for tag in tags if tag.strip('"') in known), None)


def versions(if_match: str | None) -> Collection[datetime] | None:
    """The values of ``updated_at`` that an If-Match header admits; None when any will do.

    Compared strongly (RFC 9110, 13.1.1): a weak tag, like one that is none of ours, admits nothing.
    """
    if if_match is None or if_match.strip() == _ANY:
        return None
    admitted = set()
    for weak, text in _TAG.findall(if_match):
        with suppress(ValueError):
            if not weak:
                admitted.add(datetime.fromisoformat(text))
    return admitted
