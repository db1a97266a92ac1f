"""Every statement that serves a request, written once against the tables and compiled once.

The owner stands in every WHERE: whose task it is, is decided by the database and nowhere else.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    false,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement
from sqlmodel import col

from adapters.postgres.tables import TaskRow
from domain.listing import SortOrder, StatusFilter

_ID = col(TaskRow.id)
_USER_ID = col(TaskRow.user_id)
_TITLE = col(TaskRow.title)
_DESCRIPTION = col(TaskRow.description)
_COMPLETED = col(TaskRow.completed)
_CREATED_AT = col(TaskRow.created_at)
_UPDATED_AT = col(TaskRow.updated_at)

# The order in which the repository reads a row. Whose it is, is known to whoever asks.
_ROW = (_ID, _TITLE, _DESCRIPTION, _COMPLETED, _CREATED_AT, _UPDATED_AT)

_THE_TASK = (_ID == bindparam("task_id"), _USER_ID == bindparam("owner"))


# With libpq's own placeholders: $1. SQLAlchemy's dialects have no types.
_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]


class Statement(NamedTuple):
    """A compiled statement."""

    text: bytes
    parameters: tuple[str, ...] = ()
    """The names of ``$1``, ``$2`` and so on."""

    @property
    def name(self) -> bytes:
        """What PostgreSQL calls it once it is prepared."""
        return b"tasks_api_" + sha256(self.text).hexdigest()[:16].encode()


def _compiled(statement: ClauseElement) -> Statement:
    compiled: Any = statement.compile(dialect=_DIALECT)
    return Statement(compiled.string.encode(), tuple(compiled.positiontup or ()))


INSERT: Final = _compiled(
    insert(TaskRow)
    .values(
        user_id=bindparam("owner"),
        title=bindparam("title"),
        description=bindparam("description"),
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
    .returning(_ID)
)

SELECT_ONE: Final = _compiled(select(*_ROW).where(*_THE_TASK))

# Compare and swap: every change makes updated_at greater, so an equal one means that the row is
# still the one that was read.
REPLACE: Final = _compiled(
    update(TaskRow)
    .where(*_THE_TASK, _UPDATED_AT == bindparam("seen"))
    .values(
        title=bindparam("title"),
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
"""Succeeds, reading no row, when the table is there and may be read."""


def _listed(columns: Sequence[Any], status: StatusFilter) -> Select[Any]:
    statement = select(*columns).where(_USER_ID == bindparam("owner"))
    if status.completed is None:
        return statement
    return statement.where(_COMPLETED.is_(status.completed))


def _listing(status: StatusFilter, order: SortOrder) -> Statement:
    statement = _listed(_ROW, status)
    return _compiled(
        statement.order_by(_CREATED_AT, _ID) if order is SortOrder.CREATED else statement
    )


def _fingerprint() -> ColumnElement[str]:
    nothing: ColumnElement[bytes] = literal_column("''::bytea")
    # What a type's send function returns is its wire format: here 64 bits each, big-endian.
    seen = func.int8send(_ID).op("||")(func.timestamptz_send(_UPDATED_AT))
    all_seen = func.string_agg(seen, aggregate_order_by(nothing, _ID))
    return func.encode(func.sha256(func.coalesce(all_seen, nothing)), literal_column("'hex'"))


LIST: Final = {
    (status, order): _listing(status, order) for status in StatusFilter for order in SortOrder
}
"""Titles come unordered: no collation of PostgreSQL's folds case as the domain does."""

FINGERPRINT: Final = {
    status: _compiled(_listed([_fingerprint()], status)) for status in StatusFilter
}
"""``domain.listing.fingerprint``, worked out where the tasks are."""
