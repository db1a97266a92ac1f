"""Owners of tasks: their ids have the type of the users' ids."""

from typing import Final

import pytest

from application.errors import SchemaConflict, TaskNotFound, UnknownUser
from domain.listing import SortOrder, StatusFilter, fingerprint
from tests.postgres.test_schema import execute, rows, snapshot
from tests.postgres.test_users_table import (
    IDS,
    NOW,
    UUID,
    better_auths,
    new_task,
    owner_type,
    referenced,
    serving,
)

pytestmark = [pytest.mark.postgres, pytest.mark.conformance]


@pytest.mark.parametrize("name", ['"user"', "users"])
@pytest.mark.parametrize(("kind", "user"), IDS.values(), ids=IDS)
async def test_tasks_have_owners_of_the_type_that_users_have(
    empty_database_url: str, kind: str, user: str, name: str
) -> None:
    execute(empty_database_url, better_auths(name, kind, user))
    async with serving(empty_database_url) as tasks:
        task = await tasks.add(new_task(user), limit=10)
        assert await tasks.get(user, task.id) == task
        changed = await tasks.update(user, task.id, lambda found: found.toggle(now=NOW))
        assert await tasks.list(user, StatusFilter.ALL, SortOrder.CREATED) == [changed]
        for order in SortOrder:
            page = await tasks.page(user, StatusFilter.ALL, order, limit=5)
            assert page == ([changed], None)
            before = order.position(changed)._replace(task_id=changed.id - 1)
            assert await tasks.page(user, StatusFilter.ALL, order, limit=1, after=before) == page
        assert await tasks.list(user, StatusFilter.ALL, SortOrder.TITLE) == [changed]
        assert await tasks.fingerprint(user, StatusFilter.ALL) == fingerprint([changed])
        await tasks.delete(user, task.id, lambda _: None)
        await tasks.add(new_task(user))
    assert owner_type(empty_database_url) == ("text" if "char" in kind else kind)
    assert referenced(empty_database_url) == name
    execute(empty_database_url, f"DELETE FROM {name}")
    assert rows(empty_database_url, "SELECT * FROM tasks") == []


@pytest.mark.parametrize(
    ("kind", "user", "other"),
    [
        ("uuid", UUID, UUID.upper()),
        ("uuid", UUID, UUID.replace("-", "")),
        ("uuid", UUID, "ada"),
        ("integer", "7", "07"),
        ("integer", "7", "99999999999"),
        ("bigint", "7", "9" * 200),
        ("integer", "7", "ada"),
    ],
)
async def test_an_id_in_another_spelling_is_a_user_without_tasks(
    empty_database_url: str, kind: str, user: str, other: str
) -> None:
    execute(empty_database_url, better_auths('"user"', kind, user))
    async with serving(empty_database_url) as tasks:
        task = await tasks.add(new_task(user))
        assert await tasks.list(other, StatusFilter.ALL, SortOrder.CREATED) == []
        assert await tasks.fingerprint(other, StatusFilter.ALL) == fingerprint([])
        with pytest.raises(TaskNotFound):
            await tasks.get(other, task.id)
        with pytest.raises(TaskNotFound):
            await tasks.update(other, task.id, lambda found: found)
        with pytest.raises(TaskNotFound):
            await tasks.delete(other, task.id)
        with pytest.raises(UnknownUser):
            await tasks.add(new_task(other))


CONVERSIONS: Final = {
    "text to uuid": ("text", "uuid", UUID),
    "varchar to integer": ("varchar", "integer", "7"),
    "uuid to text": ("uuid", "text", UUID),
    "integer to bigint": ("integer", "bigint", "7"),
    "bigint to text": ("bigint", "text", "7"),
}


@pytest.mark.parametrize(("old", "new", "user"), CONVERSIONS.values(), ids=CONVERSIONS)
async def test_owners_are_converted_to_the_type_that_users_have(
    empty_database_url: str, old: str, new: str, user: str
) -> None:
    execute(
        empty_database_url,
        better_auths("users", new, user)
        + f"""CREATE TABLE tasks (id serial PRIMARY KEY, user_id {old} NOT NULL,
            title text NOT NULL,
            description text, completed boolean NOT NULL, created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL);
        INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
            VALUES ('{user}', 'x', false, now(), now())""",
    )
    async with serving(empty_database_url) as tasks:
        assert len(await tasks.list(user, StatusFilter.ALL, SortOrder.CREATED)) == 1
        await tasks.add(new_task(user))
    assert owner_type(empty_database_url) == new


async def test_owners_in_another_spelling_are_not_converted(empty_database_url: str) -> None:
    execute(
        empty_database_url,
        better_auths("users", "uuid", UUID)
        + f"""CREATE TABLE tasks (id serial PRIMARY KEY, user_id text NOT NULL, title text NOT NULL,
            description text, completed boolean NOT NULL, created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL);
        INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
            VALUES ('{UUID.upper()}', 'x', false, now(), now())""",
    )
    before = snapshot(empty_database_url)
    with pytest.raises(SchemaConflict, match=r"type uuid.*this: 1 \(lowest id: 1\)"):
        async with serving(empty_database_url):
            pass
    assert snapshot(empty_database_url) == before
