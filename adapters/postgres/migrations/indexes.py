"""The indexes for lists, and the statistics that help to choose among them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from application.errors import SchemaConflict

_INDEXES: Final = {
    "tasks_user_created": ["user_id", "created_at", "id"],
    "tasks_user_completed_created": ["user_id", "completed", "created_at", "id"],
    "tasks_user_title": ["user_id", "title_key", "id"],
    "tasks_user_completed_title": ["user_id", "completed", "title_key", "id"],
    "tasks_without_title_key": ["id"],
}
_CONDITIONS: Final = {"tasks_without_title_key": "title_key = ''::text"}
"""Conditions of partial indexes, as PostgreSQL writes them."""


def provide_indexes(connection: sa.Connection) -> None:
    """Create the missing indexes and statistics of the table tasks.

    Raise SchemaConflict if another relation has the name of an index.
    """
    for name, columns in _INDEXES.items():
        condition = _CONDITIONS.get(name)
        found = connection.execute(sa.text(_NAMED), {"name": name}).one_or_none()
        if found is None:
            rows = None if condition is None else sa.text(condition)
            op.create_index(name, "tasks", columns, postgresql_where=rows)
            continue
        owner, definition = found
        where = "" if condition is None else f" WHERE ({condition})"
        expected = f"USING btree ({', '.join(columns)}){where}"
        if owner != "tasks" or definition is None or not definition.endswith(expected):
            raise SchemaConflict(
                f"the name {name}, which an index of the table tasks has to have, is taken by "
                f"{definition or f'a relation of its own, {name}'}: rename that and start again"
            )
    # Without these statistics, PostgreSQL may use the primary key for a user's few pending tasks.
    schema = connection.scalar(sa.text(_SCHEMA))
    op.execute(
        f"CREATE STATISTICS IF NOT EXISTS {schema}.tasks_user_completed (mcv) "
        "ON user_id, completed FROM tasks"
    )


_SCHEMA: Final = """
    SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'tasks'::regclass
"""
# In the schema of tasks, which may not be the first of the search path.
_NAMED: Final = """
    SELECT table_of.relname, CASE WHEN indisvalid THEN pg_get_indexdef(indexrelid) END
    FROM pg_class named LEFT JOIN pg_index ON indexrelid = named.oid
    LEFT JOIN pg_class table_of ON table_of.oid = indrelid
    WHERE named.relname = :name AND named.relnamespace = (
        SELECT relnamespace FROM pg_class WHERE oid = 'tasks'::regclass)
"""
