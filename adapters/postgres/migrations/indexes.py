"""The indexes for lists, and the statistics that help to choose among them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from application.errors import SchemaConflict

_INDEXES: Final = {
    "tasks_user_created": "(user_id, created_at, id)",
    "tasks_user_completed_created": "(user_id, completed, created_at, id)",
    "tasks_user_title": "(user_id, title_key, id)",
    "tasks_user_completed_title": "(user_id, completed, title_key, id)",
    "tasks_without_title_key": "(id) WHERE (title_key = ''::text)",
}
"""The end of each index's definition, as PostgreSQL writes it."""


def provide_indexes(connection: sa.Connection) -> None:
    """Create the missing indexes and statistics of the table tasks.

    Raise SchemaConflict if another relation has the name of an index.
    """
    for name, expected in _INDEXES.items():
        found = connection.execute(sa.text(_NAMED), {"name": name}).one_or_none()
        if found is None:
            op.execute(f"CREATE INDEX {name} ON tasks USING btree {expected}")
            continue
        owner, definition = found
        if owner != "tasks" or not (definition or "").endswith(f" USING btree {expected}"):
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
