"""Rows that another session changes, or another owner has, while an operation is under way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from adapters.postgres import statements
from adapters.postgres.connection import Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement
from adapters.postgres.task_repository import _lock_key
from application.errors import TaskLimitReached, TaskNotFound
from domain.listing import SortOrder, StatusFilter
from domain.task import NewTask, Task
from tests.clock import SettableClock
from tests.postgres.test_schema import execute, repository, rows

pytestmark = pytest.mark.postgres

NOW = SettableClock().now()


def new_task(owner: str = "ada") -> NewTask:
    return NewTask.create(user_id=owner, title="Buy milk", description=None, now=NOW)


def once(action: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls ``action`` when it is called for the first time."""
    left = [action]
    return lambda: left.pop()() if left else None


@pytest.fixture
def url(database_url: str) -> str:
    """A database with two users."""
    execute(database_url, "INSERT INTO users (id) VALUES ('ada'), ('bob')")
    return database_url


def completed_by_another(url: str) -> Callable[[], None]:
    change = "UPDATE tasks SET completed = true, updated_at = updated_at + interval '1 second'"
    return once(lambda: execute(url, change))


async def test_a_task_that_changes_after_its_condition_was_checked_is_checked_again(
    url: str,
) -> None:
    class Refused(Exception):
        pass

    change = completed_by_another(url)

    def unless_completed(task: Task) -> None:
        if task.completed:
            raise Refused
        change()

    async with repository(url) as tasks:
        added = await tasks.add(new_task())
        with pytest.raises(Refused):
            await tasks.delete("ada", added.id, unless_completed)
        assert (await tasks.get("ada", added.id)).completed


async def test_a_task_that_vanishes_after_its_condition_was_checked_is_not_found(url: str) -> None:
    vanish = once(lambda: execute(url, "DELETE FROM tasks"))
    async with repository(url) as tasks:
        added = await tasks.add(new_task())
        with pytest.raises(TaskNotFound):
            await tasks.delete("ada", added.id, lambda _: vanish())


async def test_a_change_is_made_again_to_a_task_that_has_changed_meanwhile(url: str) -> None:
    change = completed_by_another(url)

    def rename(task: Task) -> Task:
        change()
        return replace(task, title="Other", updated_at=NOW.replace(year=2030))

    async with repository(url) as tasks:
        added = await tasks.add(new_task())
        changed = await tasks.update("ada", added.id, rename)
        assert (changed.title, changed.completed) == ("Other", True)
        assert await tasks.get("ada", added.id) == changed


async def test_a_change_that_changes_nothing_writes_nothing(url: str) -> None:
    async with repository(url) as tasks:
        added = await tasks.add(new_task())
        before = rows(url, "SELECT xmin::text FROM tasks")
        assert await tasks.update("ada", added.id, lambda task: task) == added
        assert rows(url, "SELECT xmin::text FROM tasks") == before


async def test_tasks_of_two_owners_with_one_number_are_apart(url: str) -> None:
    # Adopted tables may hold them.
    async with repository(url) as tasks:
        await tasks.add(new_task())
        execute(
            url,
            "INSERT INTO tasks (id, user_id, title, created_at, updated_at) "
            "OVERRIDING SYSTEM VALUE SELECT id, 'bob', 'of bob', created_at, updated_at FROM tasks",
        )
        assert (await tasks.get("bob", 1)).title == "of bob"
        later = NOW.replace(year=2030)
        await tasks.update("ada", 1, lambda task: replace(task, title="Mine", updated_at=later))
        assert (await tasks.get("bob", 1)).title == "of bob"
        await tasks.delete("ada", 1, lambda _: None)
        assert (await tasks.get("bob", 1)).title == "of bob"
        await tasks.add(new_task())
        await tasks.delete("bob", 1)
        assert len(await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)) == 1


@pytest.mark.parametrize("status", [StatusFilter.ALL, StatusFilter.PENDING])
async def test_tasks_of_one_instant_are_listed_by_number_wherever_they_are_stored(
    url: str, status: StatusFilter
) -> None:
    execute(
        url,
        f"""INSERT INTO tasks (id, user_id, title, created_at) OVERRIDING SYSTEM VALUE
            SELECT n, 'ada', 't', '{NOW}' FROM unnest(ARRAY[3, 1, 2, 5, 4]) n;
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET enable_indexscan = off', current_database());
            EXECUTE format('ALTER DATABASE %I SET enable_bitmapscan = off', current_database());
        END $$""",
    )
    async with repository(url) as tasks:
        listed = await tasks.list("ada", status, SortOrder.CREATED)
        page = await tasks.page("ada", status, SortOrder.CREATED, limit=5)
        for found in (listed, page.tasks):
            assert [task.id for task in found] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
async def test_the_limit_counts_what_another_session_adds_meanwhile(
    url: str, isolation: str
) -> None:
    execute(
        url,
        f"""DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = %L',
            current_database(), '{isolation}'); END $$""",
    )
    async with repository(url) as tasks:
        with psycopg.connect(url) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", [_lock_key("ada")])
            other.execute("INSERT INTO tasks (user_id, title) VALUES ('ada', 'theirs')")
            adding = asyncio.create_task(tasks.add(new_task(), limit=1))
            while not rows(url, "SELECT FROM pg_locks WHERE NOT granted"):
                assert not adding.done()
                await asyncio.sleep(0.01)
        with pytest.raises(TaskLimitReached):
            await adding


async def test_the_lock_of_the_limit_outlives_neither_its_transaction_nor_its_client(
    url: str,
) -> None:
    timeout = Statement(b"SHOW idle_in_transaction_session_timeout")
    connection = await Connection.open(Dsn(url))
    async with connection.transaction():
        await connection.run(statements.LOCK, {"key": 1})
        assert await connection.run(timeout, {}) == [("10s",)]
    assert await connection.run(timeout, {}) == [("0",)]
    assert rows(url, "SELECT FROM pg_locks WHERE locktype = 'advisory'") == []
    await connection.close()
