"""Find what in the database could change or refuse this service's statements."""

from typing import Final

import sqlalchemy as sa

from adapters.postgres.errors import NotServable
from application.errors import SchemaConflict

COLUMNS: Final = {
    "id": "bigint NOT NULL",
    "title": "text NOT NULL",
    "title_key": 'text COLLATE "C" NOT NULL',
    "description": "text",
    "completed": "boolean NOT NULL",
    "created_at": "timestamp with time zone NOT NULL",
    "updated_at": "timestamp with time zone NOT NULL",
}
"""Columns that serving needs. The users table determines the type of ``user_id``."""

_OURS: Final = [*COLUMNS, "user_id"]


def require_no_hidden_rows(connection: sa.Connection) -> None:
    """Raise NotServable if row-level security applies to this role.

    Hidden tasks would look like an empty list, and hidden rows would pass every check here.
    """
    role = connection.scalar(sa.text("SELECT current_user WHERE row_security_active('tasks')"))
    if role is not None:
        raise NotServable(
            f"row-level security hides rows of the table tasks from the role {role}: "
            "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY, or use a role that it does not apply "
            "to (BYPASSRLS, or the table's owner unless it is forced)"
        )


def require_no_obstacles(connection: sa.Connection) -> None:
    """Raise SchemaConflict if an object of another program could break our statements."""
    for query, sentence in _OBSTACLES.items():
        for name in connection.scalars(sa.text(query), {"ours": _OURS}):
            raise SchemaConflict(sentence.format(name=name))


def checks(connection: sa.Connection) -> dict[str, str]:
    """Return the definitions of the check constraints on our columns, by name."""
    found = connection.execute(sa.text(_CHECKS), {"ours": _OURS})
    return {row.conname: row.definition for row in found}


# Not an obstacle: a column without a default, which is NULL in new rows (distinct, unless the index
# has NULLS NOT DISTINCT, since PostgreSQL 15; _OBLIGATIONS refuses NOT NULL), and a column whose
# default is always a new value.
_UNIQUE: Final = """
    SELECT indexrelid::regclass FROM pg_index i
    WHERE indrelid = 'tasks'::regclass AND (indisunique OR indisexclusion) AND NOT EXISTS (
        SELECT FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND adnum = attnum
        WHERE attrelid = indrelid AND attnum = ANY (indkey[0:indnkeyatts - 1]) AND (
            (attname = 'id' AND NOT indisexclusion)
            OR (NOT attname = ANY (:ours) AND (
                (d.oid IS NULL AND attidentity = ''
                    AND to_jsonb(i) ->> 'indnullsnotdistinct' IS DISTINCT FROM 'true')
                OR (NOT indisexclusion AND (attidentity <> '' OR (attgenerated = ''
                    AND pg_get_expr(d.adbin, d.adrelid) ~
                        '^(nextval|gen_random_uuid|uuidv4|uuidv7|uuid_generate_v[14])[(]')))))))
"""
_OBLIGATIONS: Final = """
    SELECT attname FROM pg_attribute WHERE attrelid = 'tasks'::regclass AND attnum > 0
    AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = ''
    AND NOT attname = ANY (:ours)
"""
# 28: on INSERT, DELETE or UPDATE. D is disabled; R fires only for replicated changes.
_TRIGGERS: Final = """
    SELECT tgname FROM pg_trigger WHERE tgrelid = 'tasks'::regclass AND NOT tgisinternal
    AND tgenabled NOT IN ('D', 'R') AND tgtype & 28 <> 0
"""
_RULES: Final = """
    SELECT rulename FROM pg_rewrite
    WHERE ev_class = 'tasks'::regclass AND ev_enabled NOT IN ('D', 'R')
"""
_REFERENCED_BY: Final = """
    SELECT conrelid::regclass FROM pg_constraint
    WHERE confrelid = 'tasks'::regclass AND contype = 'f' AND confdeltype IN ('a', 'r')
"""
_REFERS: Final = """
    SELECT conname FROM pg_constraint
    WHERE conrelid = 'tasks'::regclass AND contype = 'f' AND EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY (conkey)
        AND attname = ANY (:ours) AND attname <> 'user_id')
"""
_OBSTACLES: Final = {
    _OBLIGATIONS: (
        "the column tasks.{name} must be filled and has no default, so that no task could be "
        "created: give it a default, and start again"
    ),
    _UNIQUE: (
        "{name} demands that no two tasks are alike, which they may be: drop it from the table "
        "tasks and start again"
    ),
    _TRIGGERS: (
        "the trigger {name} of the table tasks may change or refuse what is stored: drop it, or "
        "disable it, and start again"
    ),
    _RULES: (
        "the rule {name} of the table tasks changes what statements do: drop it, or disable it, "
        "and start again"
    ),
    _REFERENCED_BY: (
        "the table {name} refers to tasks, so that a task could not be deleted: let its foreign "
        "key say ON DELETE CASCADE or SET NULL, and start again"
    ),
    _REFERS: (
        "the foreign key {name} of the table tasks may refuse what is stored: drop it and start "
        "again"
    ),
}
_CHECKS: Final = """
    SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = 'tasks'::regclass AND contype = 'c' AND EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY (conkey) AND attname = ANY (:ours))
"""
