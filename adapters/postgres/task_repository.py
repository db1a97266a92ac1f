"""The tasks in PostgreSQL."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC
from hashlib import sha256
from typing import Final

from psycopg.errors import ForeignKeyViolation

from adapters.postgres import statements
from adapters.postgres.connection import Connection, Row
from adapters.postgres.database import Database
from application.arranging import LONG, PIECE
from application.errors import TaskLimitReached, TaskNotFound, UnknownUser
from domain.listing import Page, Position, SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task
from domain.title_key import title_key

_MAX_ID: Final = 2**63 - 1

_MARGIN: Final = 1_000
"""Margin below the limit of tasks. Within it, a user's creates wait for each other.

A count does not include concurrent inserts. So the margin exceeds the number that one user can have
under way, in several hundred processes.
"""

logger = logging.getLogger(__name__)


class PostgresTaskRepository:
    """Stores all tasks in the ``tasks`` table."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def add(self, task: NewTask, *, limit: int | None = None) -> Task:
        try:
            return await self._add(task, limit)
        except UnknownUser:
            # Nothing was stored. Better Auth may have created its table meanwhile.
            if await self._database.look_for_users():
                with suppress(UnknownUser):
                    return await self._add(task, limit)
            logger.error(  # noqa: TRY400 - the cause is known, a stack trace adds nothing
                "a valid token names user %r, who has no row in %s: the user was deleted, or "
                "Better Auth fills another database (NEON_DB_URL) or another table (USERS_TABLE); "
                "`tasks-api doctor --token -` checks a token",
                task.user_id,
                await self._database.describe_users(),
            )
            raise

    async def _add(self, task: NewTask, limit: int | None) -> Task:
        if not self._database.admits(task.user_id):
            raise UnknownUser("the id is not spelled as those in the users table")
        values: dict[str, object] = {
            "owner": task.user_id,
            "title": task.title,
            "title_key": title_key(task.title),
            "description": task.description,
            "now": task.created_at,
        }
        async with self._database.session(task.user_id) as session:
            try:
                if limit is None:
                    rows = await session.run(statements.INSERT, values)
                else:
                    rows = await _insert_below(session, values, limit)
            except ForeignKeyViolation as error:
                raise UnknownUser("no row in the users table") from error
        if limit is not None and not rows:
            raise TaskLimitReached(limit)
        [(task_id,)] = rows
        return task.numbered(task_id)

    async def get(self, owner: str, task_id: int) -> Task:
        self._require_possible(owner, task_id)
        async with self._database.session(owner) as session:
            return await _read(session, owner, task_id)

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        if not self._database.admits(owner):
            return []
        async with self._database.session(owner) as session:
            rows = await session.run_long(statements.LIST[status, order], {"owner": owner})
        return await _tasks(owner, rows)

    async def page(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        if not self._database.admits(owner):
            return Page([], None)
        # One task more than the page shows whether others follow.
        values: dict[str, object] = {"owner": owner, "limit": limit + 1}
        if after is None:
            statement = statements.PAGE[status, order]
        else:
            statement = statements.NEXT_PAGE[status, order]
            values |= after._asdict()
        async with self._database.session(owner) as session:
            rows = await session.run(statement, values)
        # The stored key, which another version of Python may have made.
        keys = [row[-1] for row in rows[:limit]] if order is SortOrder.TITLE else None
        tasks = await _tasks(owner, [row[:-1] for row in rows[:limit]] if keys else rows[:limit])
        if len(rows) <= limit:
            return Page(tasks, None)
        return Page(tasks, Position(keys[-1] if keys else tasks[-1].created_at, tasks[-1].id))

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        if not self._database.admits(owner):
            return fingerprint([])
        async with self._database.session(owner) as session:
            [(found,)] = await session.run(statements.FINGERPRINT[status], {"owner": owner})
        return str(found)

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        self._require_possible(owner, task_id)
        async with self._database.session(owner) as session:
            while True:
                task = await _read(session, owner, task_id)
                changed = change(task)
                if changed == task or await _replace(session, task, changed):
                    return changed
                # A concurrent change was stored first, so read again.

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        self._require_possible(owner, task_id)
        the_task = {"owner": owner, "task_id": task_id}
        async with self._database.session(owner) as session:
            if condition is None:
                if not await session.run(statements.DELETE, the_task):
                    raise TaskNotFound
                return
            while True:
                task = await _read(session, owner, task_id)
                condition(task)
                seen = {**the_task, "seen": task.updated_at}
                if await session.run(statements.DELETE_SEEN, seen):
                    return
                # A concurrent change was stored first, so read again.

    def _require_possible(self, owner: str, task_id: int) -> None:
        # PostgreSQL would reject a number that is not a bigint.
        if not (self._database.admits(owner) and 0 < task_id <= _MAX_ID):
            raise TaskNotFound


async def _insert_below(session: Connection, values: dict[str, object], limit: int) -> list[Row]:
    """Insert a task if its owner has fewer than ``limit``; return its number, or no row."""
    # Two statements: on Citus, INSERT … SELECT takes many steps, and a worker assigns the id,
    # perhaps beyond the integers that JavaScript represents exactly.
    if await _has_fewer(session, values["owner"], limit - _MARGIN):
        return await session.run(statements.INSERT, values)
    async with session.transaction():
        await session.run(statements.LOCK, {"key": _lock_key(str(values["owner"]))})
        # Count in a statement after the lock: a statement sees what was committed before it began.
        if await _has_fewer(session, values["owner"], limit):
            return await session.run(statements.INSERT, values)
        return []


async def _has_fewer(session: Connection, owner: object, below: int) -> bool:
    if below <= 0:
        return False
    [(count,)] = await session.run(statements.COUNT, {"owner": owner, "below": below})
    return bool(count < below)


def _lock_key(owner: str) -> int:
    return int.from_bytes(sha256(owner.encode()).digest()[:8], signed=True)


async def _read(session: Connection, owner: str, task_id: int) -> Task:
    rows = await session.run(statements.SELECT_ONE, {"owner": owner, "task_id": task_id})
    if not rows:
        raise TaskNotFound
    [task] = _piece(owner, rows)
    return task


async def _replace(session: Connection, seen: Task, changed: Task) -> bool:
    values = {
        "owner": seen.user_id,
        "task_id": seen.id,
        "seen": seen.updated_at,
        "title": changed.title,
        "title_key": title_key(changed.title),
        "description": changed.description,
        "completed": changed.completed,
        "now": changed.updated_at,
    }
    return bool(await session.run(statements.REPLACE, values))


async def _tasks(owner: str, rows: Sequence[Row]) -> list[Task]:
    if len(rows) <= LONG + 1:
        return _piece(owner, rows)
    tasks: list[Task] = []
    for start in range(0, len(rows), PIECE):
        tasks += _piece(owner, rows[start : start + PIECE])
        await asyncio.sleep(0)
    return tasks


def _piece(owner: str, rows: Sequence[Row]) -> list[Task]:
    # psycopg returns times in the session's time zone, which usually is UTC.
    if rows and rows[0][-1].tzinfo is not UTC:
        rows = [
            (*row, created_at.astimezone(UTC), updated_at.astimezone(UTC))
            for *row, created_at, updated_at in rows
        ]
    # By position and inline: a function call per task would be a fifth of the cost of a long list.
    return [
        Task(task_id, owner, title, description, completed, created_at, updated_at)
        for task_id, title, description, completed, created_at, updated_at in rows
    ]
