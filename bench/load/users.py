"""The users of the benchmark and their tasks: the same for every service."""

from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_OID, uuid5

import psycopg

SMALL: Final = 20
LARGE: Final = 1000
DELETABLE: Final = 400
"""Tasks of each writer before deletions are measured."""

_SMALL_USERS: Final = 64
_LARGE_USERS: Final = 16
_FIRST_NEW_ID: Final = 10_000_000


@dataclass(frozen=True)
class User:
    """A user and the ids of their tasks."""

    id: str
    task_ids: range

    @property
    def path(self) -> str:
        """The path of the user's list."""
        return f"/api/{self.id}/tasks"


def _users(kind: str, count: int, tasks: int, first_id: int) -> list[User]:
    users = []
    for number in range(count):
        # Of the same length as Better Auth's ids.
        user_id = uuid5(NAMESPACE_OID, f"{kind} {number}").hex
        start = first_id + number * tasks
        users.append(User(user_id, range(start, start + tasks)))
    return users


SMALL_USERS: Final = _users("small", _SMALL_USERS, SMALL, 1)
"""One user for each connection, so that no two connections contend for a row."""
LARGE_USERS: Final = _users("large", _LARGE_USERS, LARGE, 100_001)
WRITERS: Final = _users("writer", _SMALL_USERS, DELETABLE, 1_000_001)
"""The users who create and delete, so that the lists of the others keep their lengths."""

_TASKS = """
    INSERT INTO {table} (id, user_id, title, description, completed, created_at, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT %(first)s + n, %(user)s,
           'Task ' || n || ' of the many that are to be done',
           CASE WHEN n %% 4 > 0 THEN 'What there is to say about it, in a sentence or two.' END,
           n %% 3 = 0,
           timestamptz '2026-01-01 00:00:00Z' + (n + 1) * interval '61.234567 s',
           timestamptz '2026-01-01 00:00:00Z' + (n + 1) * interval '61.234567 s'
    FROM generate_series(0, %(count)s - 1) AS n
"""

# Older versions of this service do not have this column.
_HAS_KEYS = """
    SELECT 1 FROM pg_attribute WHERE attrelid = 'tasks'::regclass AND attname = 'title_key'
"""


def seed(url: str) -> None:
    """Fill a migrated database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE seed AS SELECT * FROM tasks")
        for user in (*SMALL_USERS, *LARGE_USERS, *WRITERS):
            connection.execute("INSERT INTO users (id) VALUES (%s)", [user.id])
        for user in (*SMALL_USERS, *LARGE_USERS):
            _insert(connection, "seed", user)
        if connection.execute(_HAS_KEYS).fetchone():
            connection.execute("UPDATE seed SET title_key = lower(title)")
        connection.execute(f"ALTER TABLE tasks ALTER COLUMN id RESTART WITH {_FIRST_NEW_ID}")
    reset(url)


def reset(url: str, *, deletable: bool = False) -> None:
    """Restore the tasks of every user; give the writers some as well if ``deletable``."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE tasks")
        connection.execute("INSERT INTO tasks OVERRIDING SYSTEM VALUE SELECT * FROM seed")
        if deletable:
            for user in WRITERS:
                _insert(connection, "tasks", user)
        connection.execute("VACUUM ANALYZE tasks")


def _insert(connection: psycopg.Connection, table: str, user: User) -> None:
    values = {"first": user.task_ids.start, "user": user.id, "count": len(user.task_ids)}
    connection.execute(_TASKS.replace("{table}", table), values)
