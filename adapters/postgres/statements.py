"""Every statement that serves a request, written once against the tables and compiled once.

The owner stands in every WHERE: whose task it is, is decided by the database and nowhere else.
"""

from typing import Final

from sqlalchemy import bindparam, delete, false, insert, select, update
from sqlalchemy.engine import make_url
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

# The order in which the repository reads a row.
_ROW = (_ID, _USER_ID, _TITLE, _DESCRIPTION, _COMPLETED, _CREATED_AT, _UPDATED_AT)

_THE_TASK = (_ID == bindparam("task_id"), _USER_ID == bindparam("owner"))


_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


def _compiled(statement: ClauseElement) -> bytes:
    return str(statement.compile(dialect=_DIALECT)).encode()


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

DELETE: Final = _compiled(delete(TaskRow).where(*_THE_TASK).returning(_ID))

CHECK: Final = _compiled(select(_ID).where(false()))
"""Succeeds, reading no row, when the table is there and may be read."""


def _listing(status: StatusFilter, order: SortOrder) -> bytes:
    statement = select(*_ROW).where(_USER_ID == bindparam("owner"))
    if status.completed is not None:
        statement = statement.where(_COMPLETED.is_(status.completed))
    if order is SortOrder.CREATED:
        statement = statement.order_by(_CREATED_AT, _ID)
    return _compiled(statement)


LIST: Final = {
    (status, order): _listing(status, order) for status in StatusFilter for order in SortOrder
}
"""Titles come unordered: no collation of PostgreSQL's folds case as the domain does."""
