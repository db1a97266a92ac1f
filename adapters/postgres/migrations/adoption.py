"""Adopt a tasks table that another implementation of the same API has created.

No row is lost. If a table cannot be adopted, SchemaConflict is raised and the transaction is rolled
back.
"""

import logging
import re
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine.interfaces import ReflectedColumn

from adapters.postgres.migrations.obstacles import (
    checks,
    require_no_hidden_rows,
    require_no_obstacles,
)
from adapters.postgres.migrations.preconditions import require_no_task
from adapters.postgres.migrations.title_keys import fill_title_keys, title_key_column
from adapters.postgres.migrations.users import refer_to_users
from adapters.postgres.users_table import UsersTable
from application.errors import SchemaConflict

_ADVICE: Final = "change it, or rename the table so that a new one is made, and start again"

_KINDS: Final[dict[str, tuple[type[sa.types.TypeEngine[Any]], str]]] = {
    "id": (sa.Integer, "integer (or bigint)"),
    "title": (sa.String, "text (or varchar)"),
    "description": (sa.String, "text (or varchar)"),
    "completed": (sa.Boolean, "boolean"),
    "created_at": (sa.DateTime, "timestamp"),
    "updated_at": (sa.DateTime, "timestamp"),
}

# The limits of revision 0001, here and below. A migration is independent of later changes of the
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

_LARGEST_OF_JAVASCRIPT: Final = 2**53 - 1

Columns = dict[str, ReflectedColumn]

logger = logging.getLogger(__name__)


def adopt_tasks(connection: sa.Connection, users: UsersTable) -> None:
    """Give the existing ``tasks`` table the columns, constraints and defaults of a new one."""
    columns = _adoptable_columns(connection)
    # Block other writers, so that the following checks stay true.
    op.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
    require_no_hidden_rows(connection)
    require_no_obstacles(connection)
    for rule, broken in _RULES.items():
        require_no_task(connection, sa.text(broken), rule)

    _adopt_key(connection)
    _adopt_limits(connection)
    _adopt_texts(connection, columns)
    _adopt_title_key(connection, columns)
    _adopt_completed()
    _adopt_times(connection, columns)
    _adopt_number(connection, columns["id"])
    refer_to_users(connection, users)
    _warn_of_numbers(connection)


def _adoptable_columns(connection: sa.Connection) -> Columns:
    kind = "SELECT relkind FROM pg_class WHERE oid = to_regclass('tasks')"
    if connection.scalar(sa.text(kind)) not in {"r", "p"}:
        raise SchemaConflict(f"tasks is a view or the like and not a table: {_ADVICE}")
    columns = {column["name"]: column for column in sa.inspect(connection).get_columns("tasks")}
    for name, (expected, phrase) in _KINDS.items():
        found = _column(columns, name)["type"]
        # SQLAlchemy's Enum is a String.
        if not isinstance(found, expected) or isinstance(found, sa.Enum):
            raise SchemaConflict(
                f"the column tasks.{name} has the type {found} and not {phrase}: {_ADVICE}"
            )
    _column(columns, "user_id")
    return columns


def _column(columns: Columns, name: str) -> ReflectedColumn:
    if name not in columns:
        raise SchemaConflict(f"the table tasks is there but has no column {name}: {_ADVICE}")
    return columns[name]


def _adopt_key(connection: sa.Connection) -> None:
    key = sa.inspect(connection).get_pk_constraint("tasks")["constrained_columns"]
    if not key:
        require_no_task(connection, sa.text("id IS NULL"), "tasks.id must be filled")
        shared = "id IN (SELECT id FROM tasks GROUP BY id HAVING count(*) > 1)"
        require_no_task(connection, sa.text(shared), "tasks.id must be unique")
        op.create_primary_key("tasks_pkey", "tasks", ["user_id", "id"])
    elif set(key) not in ({"id"}, {"user_id", "id"}):
        raise SchemaConflict(
            f"the primary key of tasks is {', '.join(key)} and neither id nor user_id, id: "
            f"{_ADVICE}"
        )


def _adopt_limits(connection: sa.Connection) -> None:
    # Other limits might refuse what the API accepts.
    for name, definition in checks(connection).items():
        logger.warning("the table tasks loses its constraint %s: %s", name, definition)
        op.drop_constraint(name, "tasks")
    op.create_check_constraint(
        "tasks_title_length", "tasks", "char_length(title) BETWEEN 1 AND 200"
    )
    op.create_check_constraint(
        "tasks_description_length", "tasks", "char_length(description) <= 1000"
    )


def _adopt_texts(connection: sa.Connection, columns: Columns) -> None:
    for name in ("title", "description"):
        if not _is_exactly(connection, columns[name], sa.Text()):
            op.alter_column("tasks", name, type_=sa.Text)
        op.alter_column("tasks", name, nullable=name == "description", server_default=None)
    op.alter_column("tasks", "user_id", nullable=False, server_default=None)


def _adopt_title_key(connection: sa.Connection, columns: Columns) -> None:
    ours = title_key_column()
    found = columns.get(ours.name)
    if found is None:
        op.add_column("tasks", ours)
    elif not _is_exactly(connection, found, ours.type):
        raise SchemaConflict(
            f"the column tasks.{ours.name} has the type {found['type']} and not {ours.type}: "
            "rename it, so that this service can add its own, and start again"
        )
    else:
        op.execute("UPDATE tasks SET title_key = '' WHERE title_key IS NULL")
        op.alter_column("tasks", ours.name, nullable=False, server_default="")
    fill_title_keys(connection)


def _adopt_completed() -> None:
    op.execute("UPDATE tasks SET completed = false WHERE completed IS NULL")
    op.alter_column("tasks", "completed", nullable=False, server_default=sa.false())


def _adopt_times(connection: sa.Connection, columns: Columns) -> None:
    timestamp = sa.DateTime(timezone=True)
    for name in ("created_at", "updated_at"):
        if not _is_exactly(connection, columns[name], timestamp):
            op.alter_column("tasks", name, server_default=None)
            # Times without a zone are UTC in every implementation of the API.
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
    # Ids are never reused, so continue from the old sequence if it is past the greatest id.
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


def _warn_of_numbers(connection: sa.Connection) -> None:
    query = "SELECT count(*) FROM tasks WHERE id > :largest"
    count = connection.scalar(sa.text(query), {"largest": _LARGEST_OF_JAVASCRIPT})
    if count:
        logger.warning(
            "%d tasks have an id beyond %d, the largest that JavaScript reads exactly: a frontend "
            "in JavaScript cannot name these tasks",
            count,
            _LARGEST_OF_JAVASCRIPT,
        )


def _is_exactly(
    connection: sa.Connection, column: ReflectedColumn, kind: sa.types.TypeEngine[Any]
) -> bool:
    """Return whether the column has exactly this type, without a limit, precision or collation."""
    return column["type"].compile(connection.dialect) == kind.compile(connection.dialect)
