"""Both ports of a storage, TaskRepository and Storage, in one class."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from application.errors import StorageUnavailable, TaskLimitReached, TaskNotFound, UnknownUser
from domain.listing import Page, Position, SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task
from domain.title_key import title_key
from examples.sqlite_storage import schema
from examples.sqlite_storage.connection import Connection

_Tasks = list[Task]
"""Within the class, ``list`` is the port's operation."""

_MAX_ID: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_SELECT: Final = (
    "SELECT id, user_id, title, description, completed, created_at, updated_at FROM tasks"
)
_SELECT_ONE: Final = f"{_SELECT} WHERE id = ? AND user_id = ?"
_UPDATE: Final = (
    "UPDATE tasks SET title = ?, title_key = ?, description = ?, completed = ?, updated_at = ? "
    "WHERE id = ? AND user_id = ?"
)
_KEYS: Final = {SortOrder.CREATED: "created_at", SortOrder.TITLE: "title_key"}
_COUNT: Final = "SELECT count(*) FROM tasks WHERE user_id = ?"
_DELETE: Final = "DELETE FROM tasks WHERE id = ? AND user_id = ?"
_INSERT: Final = (
    "INSERT INTO tasks "
    "(user_id, title, title_key, description, completed, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class SqliteStorage:
    """Store every user's tasks in a file that any number of processes of one machine may share."""

    def __init__(self, path: str, *, patience: float = 5.0) -> None:
        """``patience``: seconds to wait while another process writes."""
        self._connection = Connection(path, patience=patience)
        self._prepared = False

    async def prepare(self, *, within: float | None = None) -> None:
        # ``within`` is not needed: every operation ends within seconds.
        await self._connection.write(schema.prepare)
        self._prepared = True

    async def check(self) -> None:
        self._require_prepared()
        await self._connection.read(lambda file: file.execute(f"{_SELECT} WHERE FALSE").fetchall())

    async def close(self) -> None:
        await self._connection.close()

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        self._require_prepared()
        moment = _microseconds(task.created_at)
        title = (task.title, title_key(task.title))
        values = (task.user_id, *title, task.description, False, moment, moment)

        def insert(file: sqlite3.Connection) -> Task:
            [count] = file.execute(_COUNT, (task.user_id,)).fetchone()
            if limit is not None and count >= limit:
                raise TaskLimitReached(limit)
            cursor = file.execute(_INSERT, values)
            return task.numbered(cursor.lastrowid or 0)

        try:
            return await self._connection.write(insert)
        except sqlite3.IntegrityError as error:
            # The domain checks every other constraint.
            raise UnknownUser("no row in the users table") from error

    async def get(self, owner: str, task_id: int) -> Task:
        self._require_prepared()
        return await self._connection.read(lambda file: _find(file, owner, task_id))

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        return await self._listed(owner, status, order)

    async def page(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        # One more than the page, which tells whether others follow.
        tasks = await self._listed(owner, status, order, limit=limit + 1, after=after)
        return order.page(tasks, limit)

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        # Reading the tasks is cheap: the file is on this machine.
        return fingerprint(await self._listed(owner, status, SortOrder.CREATED))

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        self._require_prepared()

        def replace(file: sqlite3.Connection) -> Task:
            task = _find(file, owner, task_id)
            changed = change(task)
            if changed != task:
                moment = _microseconds(changed.updated_at)
                title = (changed.title, title_key(changed.title))
                values = (*title, changed.description, changed.completed, moment)
                file.execute(_UPDATE, (*values, task_id, owner))
            return changed

        return await self._connection.write(replace)

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        self._require_prepared()

        def remove(file: sqlite3.Connection) -> None:
            task = _find(file, owner, task_id)
            if condition is not None:
                condition(task)
            file.execute(_DELETE, (task_id, owner))

        await self._connection.write(remove)

    async def _listed(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int = -1,
        after: Position | None = None,
    ) -> _Tasks:
        self._require_prepared()
        key = _KEYS[order]
        statement = f"{_SELECT} WHERE user_id = ?"
        values: list[object] = [owner]
        if status.completed is not None:
            statement += " AND completed = ?"
            values.append(status.completed)
        if after is not None:
            statement += f" AND ({key}, id) > (?, ?)"
            values += [_stored(after.key), after.task_id]
        # To SQLite, a negative limit is none.
        statement += f" ORDER BY {key}, id LIMIT ?"
        values.append(limit)
        rows = await self._connection.read(lambda file: file.execute(statement, values).fetchall())
        return [_task(row) for row in rows]

    def _require_prepared(self) -> None:
        if not self._prepared:
            raise StorageUnavailable("the SQLite file is not prepared yet")


def _find(file: sqlite3.Connection, owner: str, task_id: int) -> Task:
    # SQLite's integers have 64 bits; ``sqlite3`` raises OverflowError for larger ones.
    if not 0 < task_id <= _MAX_ID:
        raise TaskNotFound
    row = file.execute(_SELECT_ONE, (task_id, owner)).fetchone()
    if row is None:
        raise TaskNotFound
    return _task(row)


def _task(row: tuple[Any, ...]) -> Task:
    task_id, user_id, title, description, completed, created_at, updated_at = row
    return Task(
        id=task_id,
        user_id=user_id,
        title=title,
        description=description,
        completed=bool(completed),
        created_at=_EPOCH + created_at * _MICROSECOND,
        updated_at=_EPOCH + updated_at * _MICROSECOND,
    )


def _stored(key: datetime | str) -> int | str:
    return key if isinstance(key, str) else _microseconds(key)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
