"""The headers that every answer carries, whatever it says."""

from http import HTTPStatus
from typing import Final

from starlette.types import Scope

TASKS_CACHE_CONTROL: Final = "private, no-cache"
"""What may keep an answer that reads tasks: its user's own device, which asks before every use.

Without being kept there, a 304 would have nothing to refer to.
"""

CACHE_CONTROL: Final = "no-store"
"""What may keep any other answer: nothing."""

_ROOT: Final = "/api/"
_READS: Final = frozenset(("GET", "HEAD"))
_FOUND: Final = frozenset((HTTPStatus.OK, HTTPStatus.NOT_MODIFIED))

_Headers = tuple[tuple[bytes, bytes], ...]


def _with(cache_control: str) -> _Headers:
    return (
        (b"cache-control", cache_control.encode()),
        # No browser takes JSON for a page or a script, whatever a task's title looks like.
        (b"x-content-type-options", b"nosniff"),
    )


TASKS: Final = _with(TASKS_CACHE_CONTROL)
OTHERS: Final = _with(CACHE_CONTROL)


def response_headers(scope: Scope, status: int) -> _Headers:
    """What goes with an answer of ``status`` to the request of ``scope``."""
    is_read = status in _FOUND and scope["method"] in _READS and scope["path"].startswith(_ROOT)
    return TASKS if is_read else OTHERS
