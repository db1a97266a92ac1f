"""Taking over tables that Better Auth, or another implementation of the same API, has made.

No row is lost. What cannot be taken over raises SchemaConflict, and the transaction undoes the
rest.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine.interfaces import ReflectedColumn

from application.errors import SchemaConflict

_TEXT: Final = sa.String
_COLUMN_TYPES: Final[dict[str, type[sa.types.TypeEngine[Any]]]] = {
    "id": sa.Integer,
    "user_id": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "completed": sa.Boolean,
    "created_at": sa.DateTime,
    "updated_at": sa.DateTime,
}


def require_adoptable_users(connection: sa.Connection, users_table: str) -> None:
    """Raise SchemaConflict unless tasks can refer to ``users_table``.

    The table itself belongs to Better Auth and is left as it is.
    """
    columns = _columns(connection, users_table)
    _require_type(users_table, columns, "id", _TEXT)
    if not _is_unique(connection, users_table, "id"):
        raise SchemaConflict(f"{users_table}.id is neither a primary key nor unique")


def adopt_tasks(connection: sa.Connection, users_table: str) -> None:
    """Give the ``tasks`` table that is there the columns, constraints and defaults of ours."""
    columns = _columns(connection, "tasks")
    for name, kind in _COLUMN_TYPES.items():
        _require_type("tasks", columns, name, kind)
    _require_no_other_obligations(columns)
    _require_key(connection)
    _require_within_limits(connection, users_table)

    _adopt_texts(columns)
    _adopt_completed()
    _adopt_times(columns)
    _adopt_number(connection, columns["id"])
    _adopt_limits(connection)
    _adopt_owner(connection, users_table)


def _columns(connection: sa.Connection, table: str) -> dict[str, ReflectedColumn]:
    return {column["name"]: column for column in sa.inspect(connection).get_columns(table)}


def _require_type(
    table: str,
    columns: dict[str, ReflectedColumn],
    name: str,
    kind: type[sa.types.TypeEngine[Any]],
) -> None:
    if name not in columns:
        raise SchemaConflict(f"the table {table} is there but has no column {name}")
    found = columns[name]["type"]
    if not isinstance(found, kind):
        raise SchemaConflict(
            f"the column {table}.{name} has the type {found}, which does not fit"
            f" {kind.__visit_name__}"
        )


def _require_no_other_obligations(columns: dict[str, ReflectedColumn]) -> None:
    for name, column in columns.items():
        obliges = not column["nullable"] and column["default"] is None
        if name not in _COLUMN_TYPES and obliges and "identity" not in column:
            raise SchemaConflict(
                f"the column tasks.{name} must be filled and has no default: "
                "no task could be created"
            )


def _is_unique(connection: sa.Connection, table: str, column: str) -> bool:
    there = sa.inspect(connection)
    keys = [there.get_pk_constraint(table)["constrained_columns"]]
    keys += [unique["column_names"] for unique in there.get_unique_constraints(table)]
    return [column] in keys


def _require_key(connection: sa.Connection) -> None:
    key = sa.inspect(connection).get_pk_constraint("tasks")["constrained_columns"]
    if not key:
        _require_none(connection, "id IS NULL", "have no id")
        op.create_primary_key("tasks_pkey", "tasks", ["id"])
    elif key != ["id"]:
        raise SchemaConflict(f"the primary key of tasks is {', '.join(key)} and not id")


def _require_within_limits(connection: sa.Connection, users_table: str) -> None:
    users = op.get_context().impl.dialect.identifier_preparer.quote(users_table)
    _require_none(connection, "user_id IS NULL", "have no owner")
    _require_none(
        connection,
        f"NOT EXISTS (SELECT FROM {users} WHERE {users}.id = tasks.user_id)",
        f"belong to nobody in the table {users_table} (does USERS_TABLE name the right one?)",
    )
    _require_none(
        connection,
        "coalesce(char_length(title), 0) NOT BETWEEN 1 AND 200",
        "have a title that is not 1 to 200 characters long",
    )
    _require_none(
        connection,
        "char_length(description) > 1000",
        "have a description of more than 1000 characters",
    )


def _require_none(connection: sa.Connection, condition: str, what: str) -> None:
    count = connection.scalar(sa.text(f"SELECT count(*) FROM tasks WHERE {condition}"))  # noqa: S608
    if count:
        raise SchemaConflict(f"{count} rows of the table tasks {what}")


def _adopt_texts(columns: dict[str, ReflectedColumn]) -> None:
    for name in ("user_id", "title", "description"):
        if not isinstance(columns[name]["type"], sa.Text):
            op.alter_column("tasks", name, type_=sa.Text)
    op.alter_column("tasks", "user_id", nullable=False)
    op.alter_column("tasks", "title", nullable=False)
    op.alter_column("tasks", "description", nullable=True)


def _adopt_completed() -> None:
    op.execute("UPDATE tasks SET completed = false WHERE completed IS NULL")
    op.alter_column("tasks", "completed", nullable=False, server_default=sa.false())


def _adopt_times(columns: dict[str, ReflectedColumn]) -> None:
    for name in ("created_at", "updated_at"):
        kind = columns[name]["type"]
        if not (isinstance(kind, sa.DateTime) and kind.timezone):
            op.alter_column("tasks", name, server_default=None)
            op.alter_column(
                "tasks",
                name,
                type_=sa.DateTime(timezone=True),
                # Python's naive times are UTC in every implementation that follows the API.
                postgresql_using=f"{name} AT TIME ZONE 'UTC'",
            )
    op.execute(
        "UPDATE tasks SET created_at = coalesce(created_at, updated_at, now()), "
        "updated_at = coalesce(updated_at, created_at, now()) "
        "WHERE created_at IS NULL OR updated_at IS NULL"
    )
    for name in ("created_at", "updated_at"):
        op.alter_column("tasks", name, nullable=False, server_default=sa.func.now())


def _adopt_number(connection: sa.Connection, column: ReflectedColumn) -> None:
    if not isinstance(column["type"], sa.BigInteger):
        op.alter_column("tasks", "id", type_=sa.BigInteger)
    if "identity" in column:
        op.execute("ALTER TABLE tasks ALTER COLUMN id SET GENERATED ALWAYS")
        return
    # Numbers are never used again: go on where the old sequence stands, not at the greatest id.
    sequence = connection.scalar(sa.text("SELECT pg_get_serial_sequence('tasks', 'id')"))
    last = 0
    if sequence is not None:
        last = connection.scalar(
            sa.text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        )
    op.alter_column("tasks", "id", server_default=None)
    if sequence is not None:
        op.execute(f"DROP SEQUENCE {sequence}")
    greatest = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM tasks"))
    start = max(last, greatest) + 1
    op.execute(
        f"ALTER TABLE tasks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START WITH {start})"
    )


def _adopt_limits(connection: sa.Connection) -> None:
    there = {check["name"] for check in sa.inspect(connection).get_check_constraints("tasks")}
    if "tasks_title_length" not in there:
        op.create_check_constraint(
            "tasks_title_length", "tasks", "char_length(title) BETWEEN 1 AND 200"
        )
    if "tasks_description_length" not in there:
        op.create_check_constraint(
            "tasks_description_length", "tasks", "char_length(description) <= 1000"
        )


def _adopt_owner(connection: sa.Connection, users_table: str) -> None:
    for key in sa.inspect(connection).get_foreign_keys("tasks"):
        if key["constrained_columns"] == ["user_id"] and key["name"] is not None:
            op.drop_constraint(key["name"], "tasks", type_="foreignkey")
    op.create_foreign_key(
        "tasks_user_id_fkey", "tasks", users_table, ["user_id"], ["id"], ondelete="CASCADE"
    )
