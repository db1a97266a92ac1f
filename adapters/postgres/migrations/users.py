"""The users table, which belongs to Better Auth, and the reference from tasks to it."""

import logging

import sqlalchemy as sa
from alembic import op

from adapters.postgres.migrations.preconditions import (
    TASKS,
    is_unique,
    reflected_columns,
    require_no_task,
    require_type,
)
from application.errors import SchemaConflict

logger = logging.getLogger(__name__)

_BETTER_AUTHS = frozenset(("user", "users"))
"""Names of Better Auth's table: the default, and the most common setting."""

_ADVICE = "let USERS_TABLE name another table, or change this one, and start again"
_ID_ADVICE = (
    f'{_ADVICE} (Better Auth keeps ids as text unless generateId is "uuid" or "serial"; a function '
    "such as () => crypto.randomUUID() makes uuids that are text)"
)


def provide_users(connection: sa.Connection, users_table: str) -> None:
    """Create ``users_table``, or check that tasks can refer to the existing one.

    Raises SchemaConflict if they cannot.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(users_table):
        for other in _BETTER_AUTHS - {users_table}:
            if inspector.has_table(other):
                logger.warning(
                    "the table %s, which USERS_TABLE names, is made beside a table %s: if that is "
                    "the one that Better Auth fills, set USERS_TABLE to it",
                    users_table,
                    other,
                )
        op.create_table(
            users_table,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("name", sa.Text),
            sa.Column("email", sa.Text, unique=True),
        )
        return
    columns = reflected_columns(connection, users_table, advice=_ADVICE)
    require_type(users_table, columns, "id", sa.String, advice=_ID_ADVICE)
    if not is_unique(connection, users_table, "id"):
        raise SchemaConflict(f"{users_table}.id is neither a primary key nor unique: {_ADVICE}")


def refer_to_users(connection: sa.Connection, users_table: str) -> None:
    """Let ``tasks.user_id`` refer to ``users_table`` instead of any other table.

    Raises SchemaConflict if a task's user is not in that table.
    """
    users = sa.table(users_table, sa.column("id"))
    require_no_task(
        connection,
        ~sa.exists().where(users.c.id == TASKS.c.user_id),
        f"tasks.user_id must be an id in the table {users_table}, which USERS_TABLE names",
    )
    for key in sa.inspect(connection).get_foreign_keys("tasks"):
        if "user_id" in key["constrained_columns"] and key["name"] is not None:
            op.drop_constraint(key["name"], "tasks", type_="foreignkey")
    op.create_foreign_key(
        "tasks_user_id_fkey", "tasks", users_table, ["user_id"], ["id"], ondelete="CASCADE"
    )
