"""Preconditions that existing tables must meet. SchemaConflict names the one that is not met."""

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
    """Return the columns of the existing ``table``. Raise SchemaConflict if it is a view."""
    kind = connection.scalar(
        sa.text("SELECT relkind FROM pg_class WHERE oid = to_regclass(quote_ident(:name))"),
        {"name": table},
    )
    if kind not in {"r", "p"}:
        raise SchemaConflict(f"{table} is a view or the like and not a table: {advice}")
    columns = sa.inspect(connection).get_columns(table)
    return {column["name"]: column for column in columns}


def require_column(table: str, columns: Columns, name: str, *, advice: str) -> None:
    """Raise SchemaConflict unless ``table`` has a column ``name``."""
    if name not in columns:
        raise SchemaConflict(f"the table {table} is there but has no column {name}: {advice}")


def require_type(
    table: str, columns: Columns, name: str, kind: type[sa.types.TypeEngine[Any]], *, advice: str
) -> None:
    """Raise SchemaConflict unless ``table`` has a column ``name`` of some type of this kind."""
    require_column(table, columns, name, advice=advice)
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
