"""Preconditions that existing tables must meet. SchemaConflict says which one is not met."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

from application.errors import SchemaConflict

Columns = dict[str, ReflectedColumn]

TASKS: Final = sa.table("tasks", sa.column("id"), sa.column("user_id"))

_NAMES: Final[dict[type[sa.types.TypeEngine[Any]], str]] = {
    sa.Integer: "integer (or bigint)",
    sa.String: "text (or varchar)",
    sa.Boolean: "boolean",
    sa.DateTime: "timestamp",
}


def reflected_columns(connection: sa.Connection, table: str, *, advice: str) -> Columns:
    """Return the columns of ``table``. Raise SchemaConflict if it is not a table."""
    there = sa.inspect(connection)
    if table not in there.get_table_names():
        raise SchemaConflict(f"{table} is a view or the like and not a table: {advice}")
    return {column["name"]: column for column in there.get_columns(table)}


def require_type(
    table: str, columns: Columns, name: str, kind: type[sa.types.TypeEngine[Any]], *, advice: str
) -> None:
    """Raise SchemaConflict unless ``table`` has a column ``name`` of some type of this kind."""
    if name not in columns:
        raise SchemaConflict(f"the table {table} is there but has no column {name}: {advice}")
    found = columns[name]["type"]
    # SQLAlchemy's Enum is a String.
    if not isinstance(found, kind) or isinstance(found, sa.Enum):
        raise SchemaConflict(
            f"the column {table}.{name} has the type {found} and not {_NAMES[kind]}: {advice}"
        )


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


def is_unique(connection: sa.Connection, table: str, column: str) -> bool:
    """Return whether ``column`` of ``table`` is unique."""
    there = sa.inspect(connection)
    if there.get_pk_constraint(table)["constrained_columns"] == [column]:
        return True
    return any(
        index["unique"]
        and index["column_names"] == [column]
        and "postgresql_where" not in index.get("dialect_options", {})
        for index in there.get_indexes(table)
    )
