"""Tasks in PostgreSQL."""

import logging
from collections.abc import Callable
from datetime import UTC
from typing import Final

from psycopg.errors import ForeignKeyViolation

from adapters.postgres import statements
from adapters.postgres.connection import Row
from adapters.postgres.database import Database, Session
from application.errors import TaskNotFound, UnknownUser
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask, Task

_MAX_ID: Final = 2**63 - 1

logger = logging.getLogger(__name__)


class PostgresTaskRepository:
    """Keeps every user's tasks in the ``tasks`` table."""

    def __init__(self, *, database: Database, users_table: str) -> None:
        self._database = database
        self._users_table = users_table

    async def add(self, task: NewTask) -> Task:
        values = {
            "owner": task.user_id,
            "title": task.title,
            "description": task.description,
            "now": task.created_at,
        }
        async with self._database.session() as session:
            try:
                [(task_id,)] = await session.run(statements.INSERT, values)
            except ForeignKeyViolation as error:
                logger.error(  # noqa: TRY400 - the cause is known, a stack trace says no more
                    "a valid token names user %r, who has no row in the table %r: the user was "
                    "deleted, or USERS_TABLE does not name the table that Better Auth fills",
                    task.user_id,
                    self._users_table,
                )
                raise UnknownUser("no row in the users table") from error
        return task.numbered(task_id)

    async def get(self, owner: str, task_id: int) -> Task:
        async with self._database.session() as session:
            return await _read(session, owner, task_id)

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        async with self._database.session() as session:
            rows = await session.run(statements.LIST[status, order], {"owner": owner})
        tasks = [_task(owner, row) for row in rows]
        return tasks if order is SortOrder.CREATED else order.arrange(tasks)

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        async with self._database.session() as session:
            [(fingerprint,)] = await session.run(statements.FINGERPRINT[status], {"owner": owner})
        return str(fingerprint)

    async def update(self, owner: str, task_id: int, change: Callable[[Task], Task]) -> Task:
        async with self._database.session() as session:
            while True:
                task = await _read(session, owner, task_id)
                changed = change(task)
                if changed == task or await _replace(session, task, changed):
                    return changed
                # Somebody else was faster. Nothing was stored, so look again.

    async def delete(
        self, owner: str, task_id: int, condition: Callable[[Task], None] | None = None
    ) -> None:
        _require_possible(task_id)
        the_task = {"owner": owner, "task_id": task_id}
        async with self._database.session() as session:
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
                # Somebody else changed it meanwhile, so look again.


async def _read(session: Session, owner: str, task_id: int) -> Task:
    _require_possible(task_id)
    rows = await session.run(statements.SELECT_ONE, {"owner": owner, "task_id": task_id})
    if not rows:
        raise TaskNotFound
    return _task(owner, rows[0])


async def _replace(session: Session, seen: Task, changed: Task) -> bool:
    values = {
        "owner": seen.user_id,
        "task_id": seen.id,
        "seen": seen.updated_at,
        "title": changed.title,
        "description": changed.description,
        "completed": changed.completed,
        "now": changed.updated_at,
    }
    return bool(await session.run(statements.REPLACE, values))


def _require_possible(task_id: int) -> None:
    # The column is a bigint: a number beyond it is nobody's, and PostgreSQL would reject it.
    if not 0 < task_id <= _MAX_ID:
        raise TaskNotFound


def _task(owner: str, row: Row) -> Task:
    task_id, title, description, completed, created_at, updated_at = row
    # psycopg reads times in the time zone of the server's session, which mostly is UTC already.
    created_at = created_at if created_at.tzinfo is UTC else created_at.astimezone(UTC)
    updated_at = updated_at if updated_at.tzinfo is UTC else updated_at.astimezone(UTC)
    # By position: names would cost a tenth of a long list.
    return Task(task_id, owner, title, description, completed, created_at, updated_at)
