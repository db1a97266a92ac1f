"""The headers that every response has."""

from http import HTTPStatus
from typing import Final

from starlette.types import Scope

TASKS_CACHE_CONTROL: Final = "private, no-cache"
"""For responses that hold tasks: only the user's device stores them, and revalidates each time.

A 304 refers to that stored copy.
"""

CACHE_CONTROL: Final = "no-store"
"""For all other responses: they are not stored."""

_ROOT: Final = "/api/"
_READS: Final = frozenset(("GET", "HEAD"))
_FOUND: Final = frozenset((HTTPStatus.OK, HTTPStatus.NOT_MODIFIED))

_Headers = tuple[tuple[bytes, bytes], ...]


def _with(cache_control: str) -> _Headers:
    return (
        (b"cache-control", cache_control.encode()),
        # A browser must not take JSON for a page or a script because of a task's title.
        (b"x-content-type-options", b"nosniff"),
    )


TASKS: Final = _with(TASKS_CACHE_CONTROL)
OTHERS: Final = _with(CACHE_CONTROL)


def response_headers(scope: Scope, status: int) -> _Headers:
    """Return the headers of a response with ``status`` to the request of ``scope``."""
    is_read = status in _FOUND and scope["method"] in _READS and scope["path"].startswith(_ROOT)
    return TASKS if is_read else OTHERS
