"""Adopt a tasks table that another implementation of the same API has created.

No row is lost. A table that cannot be adopted raises SchemaConflict, and the transaction is
rolled back.
"""

import logging
import re
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine.interfaces import ReflectedColumn

from adapters.postgres.migrations.preconditions import (
    Columns,
    reflected_columns,
    require_no_task,
    require_type,
)
from adapters.postgres.migrations.users import refer_to_users
from application.errors import SchemaConflict

_ADVICE: Final = "change it, or rename the table so that a new one is made, and start again"

_KINDS: Final[dict[str, type[sa.types.TypeEngine[Any]]]] = {
    "id": sa.Integer,
    "user_id": sa.String,
    "title": sa.String,
    "description": sa.String,
    "completed": sa.Boolean,
    "created_at": sa.DateTime,
    "updated_at": sa.DateTime,
}

# The limits of revision 0001, here and below. A migration does not follow later changes of the
# domain's limits.
_RULES: Final = {
    "tasks.id must be at least 1": "id < 1",
    "tasks.user_id must be filled": "user_id IS NULL",
    "tasks.title must have 1 to 200 characters": (
        "coalesce(char_length(title), 0) NOT BETWEEN 1 AND 200"
    ),
    "tasks.description must have at most 1000 characters": "char_length(description) > 1000",
    "tasks.created_at and tasks.updated_at must be in the years 1 to 9999": (
        "created_at NOT BETWEEN '0001-01-02' AND '9999-12-30'"
        " OR updated_at NOT BETWEEN '0001-01-02' AND '9999-12-30'"
    ),
}

logger = logging.getLogger(__name__)


def adopt_tasks(connection: sa.Connection, users_table: str) -> None:
    """Give the existing ``tasks`` table the columns, constraints and defaults of revision 0001."""
    columns = reflected_columns(connection, "tasks", advice=_ADVICE)
    for name, kind in _KINDS.items():
        require_type("tasks", columns, name, kind, advice=_ADVICE)
    # Other writers wait, so that the checks below stay true.
    op.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
    _require_no_other_obligations(connection, columns)
    for rule, broken in _RULES.items():
        require_no_task(connection, sa.text(broken), rule)

    _adopt_key(connection)
    _adopt_limits(connection)
    _adopt_texts(connection, columns)
    _adopt_completed()
    _adopt_times(connection, columns)
    _adopt_number(connection, columns["id"])
    refer_to_users(connection, users_table)


def _require_no_other_obligations(connection: sa.Connection, columns: Columns) -> None:
    for name, column in columns.items():
        filled = column["nullable"] or column["default"] is not None
        if name not in _KINDS and not (filled or "identity" in column or "computed" in column):
            raise SchemaConflict(
                f"the column tasks.{name} must be filled and has no default, so that no task "
                f"could be created: {_ADVICE}"
            )
    for index in sa.inspect(connection).get_indexes("tasks"):
        if index["unique"] and set(index["column_names"]) <= _KINDS.keys() - {"id"}:
            raise SchemaConflict(
                f"{index['name']} demands that no two tasks are alike, which they may be: "
                "drop it from the table tasks and start again"
            )
    for trigger in connection.scalars(sa.text(_TRIGGERS_BEFORE)):
        raise SchemaConflict(
            f"the trigger {trigger} of the table tasks may change what is stored: "
            "drop it and start again"
        )


def _adopt_key(connection: sa.Connection) -> None:
    key = sa.inspect(connection).get_pk_constraint("tasks")["constrained_columns"]
    if not key:
        require_no_task(connection, sa.text("id IS NULL"), "tasks.id must be filled")
        shared = "id IN (SELECT id FROM tasks GROUP BY id HAVING count(*) > 1)"
        require_no_task(connection, sa.text(shared), "tasks.id must be unique")
        op.create_primary_key("tasks_pkey", "tasks", ["id"])
    elif key != ["id"]:
        raise SchemaConflict(f"the primary key of tasks is {', '.join(key)} and not id: {_ADVICE}")


def _adopt_limits(connection: sa.Connection) -> None:
    # Another constraint might reject what the API accepts.
    for name, definition in connection.execute(sa.text(_CHECKS), {"columns": list(_KINDS)}):
        logger.warning("the table tasks loses its constraint %s: %s", name, definition)
        op.drop_constraint(name, "tasks")
    op.create_check_constraint(
        "tasks_title_length", "tasks", "char_length(title) BETWEEN 1 AND 200"
    )
    op.create_check_constraint(
        "tasks_description_length", "tasks", "char_length(description) <= 1000"
    )


def _adopt_texts(connection: sa.Connection, columns: Columns) -> None:
    for name in ("user_id", "title", "description"):
        if not _is_exactly(connection, columns[name], sa.Text()):
            op.alter_column("tasks", name, type_=sa.Text)
        op.alter_column("tasks", name, nullable=name == "description", server_default=None)


def _adopt_completed() -> None:
    op.execute("UPDATE tasks SET completed = false WHERE completed IS NULL")
    op.alter_column("tasks", "completed", nullable=False, server_default=sa.false())


def _adopt_times(connection: sa.Connection, columns: Columns) -> None:
    timestamp = sa.DateTime(timezone=True)
    for name in ("created_at", "updated_at"):
        if not _is_exactly(connection, columns[name], timestamp):
            op.alter_column("tasks", name, server_default=None)
            # Python's naive times are UTC in every implementation that follows the API.
            zoned = getattr(columns[name]["type"], "timezone", False)
            using = name if zoned else f"{name} AT TIME ZONE 'UTC'"
            op.alter_column("tasks", name, type_=timestamp, postgresql_using=using)
    op.execute(
        "UPDATE tasks SET created_at = coalesce(created_at, updated_at, now()), "
        "updated_at = coalesce(updated_at, created_at, now()) "
        "WHERE created_at IS NULL OR updated_at IS NULL"
    )
    for name in ("created_at", "updated_at"):
        op.alter_column("tasks", name, nullable=False, server_default=sa.func.now())


def _adopt_number(connection: sa.Connection, column: ReflectedColumn) -> None:
    # Ids are never reused: continue from the old sequence, not from the greatest id.
    owned = connection.scalar(sa.text("SELECT pg_get_serial_sequence('tasks', 'id')"))
    called = re.search(r"nextval\('(.+)'::", column["default"] or "")
    start = connection.scalar(sa.text("SELECT coalesce(max(id), 0)::bigint + 1 FROM tasks"))
    for sequence in filter(None, {owned, called and called[1]}):
        following = f"SELECT last_value + is_called::integer FROM {sequence}"  # noqa: S608 - PostgreSQL has named and quoted it
        start = max(start, connection.scalar(sa.text(following)))

    if "identity" in column:
        op.execute("ALTER TABLE tasks ALTER COLUMN id DROP IDENTITY")
    else:
        op.alter_column("tasks", "id", server_default=None)
        if owned is not None:
            op.execute(f"DROP SEQUENCE {owned}")
    if not _is_exactly(connection, column, sa.BigInteger()):
        op.alter_column("tasks", "id", type_=sa.BigInteger)
    op.execute(
        f"ALTER TABLE tasks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START WITH {start})"
    )


def _is_exactly(
    connection: sa.Connection, column: ReflectedColumn, kind: sa.types.TypeEngine[Any]
) -> bool:
    """Return whether the column has exactly this type: no own limit, precision or collation."""
    return column["type"].compile(connection.dialect) == kind.compile(connection.dialect)


_TRIGGERS_BEFORE: Final = """
    SELECT tgname FROM pg_trigger
    WHERE tgrelid = 'tasks'::regclass AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 2 <> 0
"""
_CHECKS: Final = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = 'tasks'::regclass AND contype = 'c' AND EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY (conkey) AND attname = ANY (:columns))
"""
