"""Tasks in an SQLite file: a storage adapter as somebody would add it. Standard library only."""

from examples.sqlite_storage.storage import SqliteStorage

__all__ = ["SqliteStorage"]
