"""Every statement that serves a request, compiled once from the tables.

Each has the owner in its WHERE: only the database decides who owns a task.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    delete,
    false,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement
from sqlmodel import col

from adapters.postgres.facts import QUERY
from adapters.postgres.tables import TaskRow
from domain.listing import SortOrder, StatusFilter

_ID = col(TaskRow.id)
_USER_ID = col(TaskRow.user_id)
_TITLE = col(TaskRow.title)
_TITLE_KEY = col(TaskRow.title_key)
_DESCRIPTION = col(TaskRow.description)
_COMPLETED = col(TaskRow.completed)
_CREATED_AT = col(TaskRow.created_at)
_UPDATED_AT = col(TaskRow.updated_at)

# The repository reads rows in this order. It has the owner already.
_ROW = (_ID, _TITLE, _DESCRIPTION, _COMPLETED, _CREATED_AT, _UPDATED_AT)

_THE_OWNERS = _USER_ID == bindparam("owner")
_THE_TASK = (_ID == bindparam("task_id"), _THE_OWNERS)

# Writes parameters as %(name)s, psycopg's documented format.
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_PARAMETER: Final = re.compile(r"%\((\w+)\)s")


class Statement(NamedTuple):
    """A compiled statement."""

    text: bytes
    parameters: tuple[str, ...] = ()
    """The names of ``$1``, ``$2`` and so on."""


def _compiled(statement: ClauseElement) -> Statement:
    text = str(statement.compile(dialect=_DIALECT))
    names = list(dict.fromkeys(_PARAMETER.findall(text)))
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text)
    return Statement(numbered.replace("%%", "%").encode(), tuple(names))


INSERT: Final = _compiled(
    insert(TaskRow)
    .values(
        user_id=bindparam("owner"),
        title=bindparam("title"),
        title_key=bindparam("title_key"),
        description=bindparam("description"),
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
    .returning(_ID)
)

# In the order of an index: without an order, the generic plan may read the whole table.
_COUNTED: Final = (
    select(_ID)
    .where(_THE_OWNERS)
    .order_by(_CREATED_AT, _ID)
    .limit(bindparam("below", type_=BigInteger))
    .subquery()
)

COUNT: Final = _compiled(select(func.count()).select_from(_COUNTED))
"""Counts the owner's tasks, up to ``below``."""

# The lock is held until the transaction ends; the time-out ends it if the client has vanished.
LOCK: Final = Statement(
    b"SELECT pg_advisory_xact_lock($1), "
    b"set_config('idle_in_transaction_session_timeout', '10s', true)",
    ("key",),
)

SELECT_ONE: Final = _compiled(select(*_ROW).where(*_THE_TASK))

# Compare and swap: every change increases updated_at, so an equal value means that the row has not
# changed since it was read.
REPLACE: Final = _compiled(
    update(TaskRow)
    .where(*_THE_TASK, _UPDATED_AT == bindparam("seen"))
    .values(
        title=bindparam("title"),
        title_key=bindparam("title_key"),
        description=bindparam("description"),
        completed=bindparam("completed"),
        updated_at=bindparam("now"),
    )
    .returning(_ID)
)

_DELETE = delete(TaskRow).where(*_THE_TASK)

DELETE: Final = _compiled(_DELETE.returning(_ID))
DELETE_SEEN: Final = _compiled(_DELETE.where(_UPDATED_AT == bindparam("seen")).returning(_ID))

CHECK: Final = _compiled(select(_ID).where(false()))
"""Succeeds if the table exists and may be read. Reads no row."""

FACTS: Final = Statement(QUERY.encode())
"""Returns the row of Facts."""


_ORDER: Final = {
    SortOrder.CREATED: (_CREATED_AT, _ID),
    SortOrder.TITLE: (_TITLE_KEY, _ID),
}


def _selected(columns: Sequence[Any], status: StatusFilter) -> Select[Any]:
    statement = select(*columns).where(_THE_OWNERS)
    if status.completed is None:
        return statement
    return statement.where(_COMPLETED.is_(status.completed))


def _listing(status: StatusFilter, order: SortOrder) -> Select[Any]:
    return _selected(_ROW, status).order_by(*_ORDER[order])


def _page(status: StatusFilter, order: SortOrder) -> Select[Any]:
    page = _listing(status, order).limit(bindparam("limit", type_=BigInteger))
    return page.add_columns(_TITLE_KEY) if order is SortOrder.TITLE else page


def _next_page(status: StatusFilter, order: SortOrder) -> Select[Any]:
    # A row comparison, for which PostgreSQL can use an index of these columns.
    after = tuple_(*_ORDER[order]) > tuple_(bindparam("key"), bindparam("task_id"))
    return _page(status, order).where(after)


def _each(
    statement: Callable[[StatusFilter, SortOrder], Select[Any]],
) -> dict[tuple[StatusFilter, SortOrder], Statement]:
    return {
        (status, order): _compiled(statement(status, order))
        for status in StatusFilter
        for order in SortOrder
    }


_NOTHING: ColumnElement[bytes] = literal_column("''::bytea")
# A type's send function returns its wire format: here 64 bits each, big-endian.
_SEEN: Final = func.int8send(_ID).op("||")(func.timestamptz_send(_UPDATED_AT))
_ALL_SEEN: Final = func.string_agg(_SEEN, aggregate_order_by(_NOTHING, _ID))
_FINGERPRINT: Final = func.encode(
    func.sha256(func.coalesce(_ALL_SEEN, _NOTHING)), literal_column("'hex'")
)


LIST: Final = _each(_listing)

PAGE: Final = _each(_page)
"""The first ``limit`` tasks. If they are sorted by title, each row ends with the title key."""

NEXT_PAGE: Final = _each(_next_page)
"""The same, after the position of ``key`` and ``task_id``."""

FINGERPRINT: Final = {
    status: _compiled(_selected([_FINGERPRINT], status)) for status in StatusFilter
}
"""``domain.listing.fingerprint``, computed by PostgreSQL."""
