"""Adapt to tables that other programs create and change: the users table, and tasks itself."""

import logging
from typing import Final

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from adapters.postgres.errors import NotServable
from adapters.postgres.history import VERSION_TABLE
from adapters.postgres.migrations.adoption import adopt_tasks
from adapters.postgres.migrations.indexes import provide_indexes
from adapters.postgres.migrations.obstacles import COLUMNS, checks, require_no_hidden_rows
from adapters.postgres.migrations.title_keys import fill_title_keys
from adapters.postgres.migrations.users import (
    drop_stand_in,
    make_stand_in,
    refer_to,
    refer_to_users,
)
from adapters.postgres.table_name import TableName
from adapters.postgres.users_table import (
    STAND_IN_NAME,
    UsersTable,
    find_users,
    referenced_users,
)
from application.errors import InvalidConfiguration, SchemaConflict

logger = logging.getLogger(__name__)

_CHECKS: Final = {"tasks_title_length", "tasks_description_length"}
"""The check constraints that adoption creates."""


def require_not_moved(connection: Connection, tasks: int | None) -> None:
    """Raise NotServable if the table with the OID ``tasks`` now has another name or schema.

    A new table in its place would be empty, and the users' tasks would seem to be lost.
    """
    moved = connection.execute(text(_MOVED), {"oid": tasks}).one_or_none()
    if moved is not None:
        raise NotServable(
            f"the table tasks is now {TableName(moved.relname, moved.nspname)}, and the "
            f"search_path is {moved.search_path}: undo one of the two"
        )


def warn_of_other_tasks(connection: Connection) -> None:
    """Log which schemas have this service's tasks but are not in the search path."""
    for schema in connection.scalars(text(_ELSEWHERE), {"version_table": VERSION_TABLE}):
        logger.warning(
            "the tables are made in the first schema of the search_path, and there are tasks in "
            "the schema %s, which stay as they are",
            schema,
        )


def provide_users(connection: Connection, setting: TableName | None) -> UsersTable:
    """Return the users table; create it if it does not exist. Raise SchemaConflict."""
    users = find_users(connection, setting) or _made(connection, setting)
    if users.is_stand_in and has_users_sync(connection):
        logger.warning(
            "tasks refer to the table %s, and there is a table neon_auth.users_sync: if that holds "
            "the users, set USERS_TABLE=neon_auth.users_sync",
            users,
        )
    return users


def has_users_sync(connection: Connection) -> bool:
    """Return whether the database has the users table of the older Neon Auth."""
    return bool(connection.scalar(text("SELECT to_regclass('neon_auth.users_sync') IS NOT NULL")))


def users_in_use(connection: Connection, setting: TableName | None) -> UsersTable | None:
    """Return the table to which tasks refer, or will refer; None if it does not exist yet.

    Raise as ``find_users`` does.
    """
    if setting is None and is_there(connection, "tasks"):
        return referenced_users(connection)
    return find_users(connection, setting)


def require_no_other_users(connection: Connection, name: str) -> None:
    """Raise SchemaConflict if tasks refer to a table already, so that ``name`` may not be made.

    A new table would be empty and replace the users' own.
    """
    referenced = referenced_users(connection)
    if referenced is not None:
        raise SchemaConflict(
            f"the table {name}, which USERS_TABLE names, is not there, and tasks refer to the "
            f"table {referenced}: set USERS_TABLE to that, or make the other one first"
        )


def _made(connection: Connection, setting: TableName | None) -> UsersTable:
    name = setting.name if setting is not None else STAND_IN_NAME
    require_no_other_users(connection, name)
    for other in {"user", "users"} - {name}:
        if is_there(connection, other):
            logger.warning(
                "the table %s is made beside %s: if that is the table that Better Auth fills, "
                "set USERS_TABLE to it",
                name,
                other,
            )
    with Operations.context(MigrationContext.configure(connection)):
        make_stand_in(name)
    made = find_users(connection, TableName(name))
    if made is None:
        raise SchemaConflict(f"the table {name} has been made outside the search path")
    return made


def follow(connection: Connection, users: UsersTable) -> None:
    """Adapt migrated tables to ``users``, and to the columns that this program needs."""
    with Operations.context(MigrationContext.configure(connection)):
        if (difference := drift(connection)) is not None:
            logger.warning("%s: the table is adopted again", difference)
            adopt_tasks(connection, users)
            provide_indexes(connection)
        elif not refer_to(connection, users):
            require_no_hidden_rows(connection)
            logger.info("tasks refer to the table %s from now on", users)
            refer_to_users(connection, users)
        fill_title_keys(connection)
        drop_stand_in(connection, users)


def drift(connection: Connection) -> str | None:
    """Return the first difference of the table tasks from an adopted one; None if there is none."""
    found = {row.attname: row.definition for row in connection.execute(text(_DEFINITIONS))}
    for name, expected in COLUMNS.items():
        if found.get(name) != expected:
            return (
                f"the column tasks.{name} is {found.get(name, '(missing)')} and has to be "
                f"{expected}"
            )
    others = sorted(checks(connection).keys() - _CHECKS)
    if others:
        return (
            f"the table tasks has a constraint {others[0]}, which might refuse what the API accepts"
        )
    return None


def is_there(connection: Connection, table: str) -> bool:
    """Return whether the search path finds ``table``."""
    found = connection.scalar(text("SELECT to_regclass(quote_ident(:name))"), {"name": table})
    return found is not None


def require_the_users(connection: Connection, setting: TableName | None) -> None:
    """Raise NotServable unless tasks refer to the users table."""
    referenced = referenced_users(connection)
    advice = (
        "set it to the table that Better Auth fills, and run `tasks-api migrate` with it if tasks "
        "do not refer to that one"
    )
    try:
        chosen = find_users(connection, setting)
    except InvalidConfiguration:
        chosen = referenced  # Migrating has chosen one of several.
    if (
        setting is None
        and referenced is not None
        and (chosen is None or referenced.is_better_auths or not chosen.is_better_auths)
    ):
        return
    if chosen is None or referenced is None or chosen.oid != referenced.oid:
        by_whom = "USERS_TABLE names" if setting is not None else "Better Auth seems to fill"
        raise NotServable(
            f"tasks refer to the table {referenced or '(none)'} and {by_whom} "
            f"{setting or chosen or '(none)'}: "
            + (advice if setting is not None else "run `tasks-api migrate`, or set USERS_TABLE")
        )


_DEFINITIONS: Final = """
    SELECT attname, format_type(atttypid, atttypmod)
        || CASE WHEN attname = 'title_key' THEN (SELECT ' COLLATE ' || quote_ident(collname)
            FROM pg_collation c WHERE c.oid = attcollation) ELSE '' END
        || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS definition
    FROM pg_attribute
    WHERE attrelid = 'tasks'::regclass AND attnum > 0 AND NOT attisdropped
"""
# Not a table that was replaced: it has another name, but another table tasks exists.
_MOVED: Final = """
    SELECT nspname, relname, current_setting('search_path') AS search_path
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE c.oid = :oid AND (to_regclass('tasks') IS NULL
        OR (to_regclass('tasks') <> c.oid AND relname = 'tasks'))
"""
_ELSEWHERE: Final = """
    SELECT nspname FROM pg_class t JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relname = 'tasks' AND relkind IN ('r', 'p') AND NOT pg_table_is_visible(t.oid)
    AND EXISTS (SELECT FROM pg_class v WHERE v.relname = :version_table
        AND v.relnamespace = t.relnamespace)
"""
