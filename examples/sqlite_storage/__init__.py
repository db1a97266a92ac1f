"""Example of a storage adapter: tasks in an SQLite file. Standard library only."""

from examples.sqlite_storage.storage import SqliteStorage

__all__ = ["SqliteStorage"]
