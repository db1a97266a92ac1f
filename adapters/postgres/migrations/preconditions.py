"""Check a condition that all tasks have to meet."""

from typing import Final

import sqlalchemy as sa

from application.errors import SchemaConflict

TASKS: Final = sa.table("tasks", sa.column("id"), sa.column("user_id"))


def require_no_task(
    connection: sa.Connection, condition: sa.ColumnElement[bool] | sa.TextClause, rule: str
) -> None:
    """Raise SchemaConflict, quoting ``rule``, if ``condition`` is true for any task."""
    broken = sa.select(sa.func.count(), sa.func.min(TASKS.c.id)).select_from(TASKS).where(condition)
    count, lowest = connection.execute(broken).one()
    if count:
        where = "" if lowest is None else f" (lowest id: {lowest})"
        raise SchemaConflict(
            f"{rule}; rows of the table tasks that break this: {count}{where}; "
            "correct or remove them, and start again"
        )
