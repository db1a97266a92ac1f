"""Pages of a list: the cursor of a position, and the Link to the next page (RFC 8288)."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote

from starlette.types import Scope

from domain.errors import RuleViolation
from domain.listing import Position, SortOrder
from domain.text import is_storable
from entrypoints.http.request_errors import InvalidRequest

AFTER: Final = "after"
"""The query parameter that holds a cursor."""

_VERSION: Final = b"1"
_ORDERS: Final = {SortOrder.CREATED: b"c", SortOrder.TITLE: b"t"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Characters that RFC 3986 allows in a path and in a query. All others are escaped.
_PATH: Final = "/%:@!$&'()*+,;="
_QUERY: Final = f"{_PATH}?"


def cursor(order: SortOrder, position: Position) -> str:
    """Return a position in ``order`` as the value of ``after``.

    It does not name an owner: the path does.
    """
    if isinstance(position.key, datetime):
        key = struct.pack(">q", (position.key - _EPOCH) // _MICROSECOND)
    else:
        key = position.key.encode()
    content = _VERSION + _ORDERS[order] + struct.pack(">q", position.task_id) + key
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def position_of(text: str, order: SortOrder) -> Position:
    """Return the position in a cursor. Raise InvalidRequest unless ``cursor`` made the text."""
    try:
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        [task_id] = struct.unpack(">q", content[2:10])
        key = _key(content[10:], order)
        position = Position(key, task_id)
        is_ours = task_id > 0 and cursor(order, position) == text
    except (ValueError, struct.error, OverflowError):
        is_ours = False
    if not is_ours:
        message = f"{AFTER} must come from the Link of a list in the same order"
        raise InvalidRequest([RuleViolation(AFTER, "cursor", message)])
    return position


def _key(content: bytes, order: SortOrder) -> datetime | str:
    if order is SortOrder.CREATED:
        microseconds: int = struct.unpack(">q", content)[0]
        return _EPOCH + microseconds * _MICROSECOND
    key = content.decode()
    if not is_storable(key):
        raise ValueError
    return key


def path_of(scope: Scope) -> str:
    """Return the path of a request as its client has to send it."""
    path, root = quote(scope["raw_path"], _PATH), quote(scope.get("root_path", ""), _PATH)
    # The path includes root_path if the server was given it, but not if the application was.
    return path if path.startswith(root) else root + path


def link_to_next(scope: Scope, order: SortOrder, end: Position) -> str:
    """Return the Link header of a page that ends at ``end``, in answer to the request."""
    pairs = scope["query_string"].decode("latin-1").split("&")
    kept = [pair for pair in pairs if unquote(pair.partition("=")[0]) != AFTER]
    query = quote("&".join(kept).encode("latin-1"), _QUERY)
    return f'<{path_of(scope)}?{query}&{AFTER}={cursor(order, end)}>; rel="next"'
