"""Create the tables of a file."""

import sqlite3
from typing import Final

from application.errors import SchemaConflict

_VERSION: Final = 1
"""Stored in the file's header, as SQLite's ``user_version``."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY) STRICT",
    # AUTOINCREMENT: ids are never reused. Times are microseconds since 1970, in UTC.
    """
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        title TEXT NOT NULL,
        title_key TEXT NOT NULL,
        description TEXT,
        completed INTEGER NOT NULL CHECK (completed IN (0, 1)),
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT
    """,
    # SQLite compares texts by their bytes, which is the order of code points.
    "CREATE INDEX tasks_by_creation ON tasks (user_id, created_at, id)",
    "CREATE INDEX tasks_by_title ON tasks (user_id, title_key, id)",
    f"PRAGMA user_version = {_VERSION}",
)


def prepare(connection: sqlite3.Connection) -> None:
    """Create the tables in the caller's transaction. Raises SchemaConflict."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version == _VERSION:
        return
    if version or connection.execute("PRAGMA table_info(tasks)").fetchone():
        raise SchemaConflict("the SQLite file holds tables that are not this version's")
    for statement in _TABLES:
        connection.execute(statement)
