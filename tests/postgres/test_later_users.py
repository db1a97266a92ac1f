"""A users table that Better Auth makes after tasks have referred to another one."""

import pytest

from adapters.postgres import watching
from application.errors import UnknownUser
from tests.postgres.test_schema import execute, rows
from tests.postgres.test_users_table import IDS, UUID, better_auths, new_task, referenced, serving

pytestmark = [pytest.mark.postgres, pytest.mark.conformance]


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for another users table for every unknown user."""
    monkeypatch.setattr(watching, "LOOK_FOR_USERS_EVERY", 0)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("kind", "user"), IDS.values(), ids=IDS)
async def test_a_table_that_better_auth_makes_later_is_followed_while_serving(
    empty_database_url: str, kind: str, user: str
) -> None:
    async with serving(empty_database_url) as tasks:
        with pytest.raises(UnknownUser):
            await tasks.add(new_task(user))
        assert referenced(empty_database_url) == "users"
        execute(empty_database_url, better_auths('"user"', kind, user))

        task = await tasks.add(new_task(user))

        assert await tasks.get(user, task.id) == task
    assert referenced(empty_database_url) == '"user"'
    assert rows(empty_database_url, "SELECT to_regclass('users')") == [(None,)]


async def test_unknown_users_do_not_make_the_service_look_again_and_again(
    empty_database_url: str,
) -> None:
    async with serving(empty_database_url) as tasks:
        with pytest.raises(UnknownUser):
            await tasks.add(new_task("ada"))
        execute(empty_database_url, better_auths('"user"', "text", "ada"))
        with pytest.raises(UnknownUser):
            await tasks.add(new_task("ada"))


@pytest.mark.usefixtures("eager")
async def test_a_user_whom_a_later_table_lacks_is_unknown_and_logged_with_it(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(empty_database_url) as tasks:
        execute(empty_database_url, better_auths('"user"', "text", "ada"))
        with pytest.raises(UnknownUser):
            await tasks.add(new_task("eve"))
    assert "a valid token names user 'eve', who has no row in the table user," in caplog.text


@pytest.mark.usefixtures("eager")
async def test_a_later_table_without_the_owners_is_logged_and_serving_continues(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(empty_database_url) as tasks:
        execute(empty_database_url, "INSERT INTO users (id) VALUES ('demo')")
        task = await tasks.add(new_task("demo"))
        execute(empty_database_url, better_auths('"user"', "uuid", UUID))
        with pytest.raises(UnknownUser):
            await tasks.add(new_task(UUID))
        assert "tasks still refer to the table users: tasks.user_id must be" in caplog.text
        assert await tasks.get("demo", task.id) == task


async def test_a_stand_in_with_users_is_kept(empty_database_url: str) -> None:
    async with serving(empty_database_url):
        execute(empty_database_url, "INSERT INTO users (id) VALUES ('demo')")
    execute(empty_database_url, better_auths('"user"', "uuid", UUID))
    async with serving(empty_database_url):
        assert referenced(empty_database_url) == '"user"'
    assert rows(empty_database_url, "SELECT id FROM users") == [("demo",)]


async def test_a_stand_in_to_which_another_table_refers_is_kept(empty_database_url: str) -> None:
    async with serving(empty_database_url):
        execute(empty_database_url, "CREATE TABLE notes (user_id text REFERENCES users (id))")
    execute(empty_database_url, better_auths('"user"', "text", "ada"))
    async with serving(empty_database_url) as tasks:
        await tasks.add(new_task("ada"))
    assert rows(empty_database_url, "SELECT to_regclass('users')") == [("users",)]


async def test_an_empty_users_table_of_another_program_is_kept(empty_database_url: str) -> None:
    execute(
        empty_database_url,
        "CREATE TABLE users (id text PRIMARY KEY, name text, email text UNIQUE);"
        + better_auths('"user"', "text", "ada"),
    )
    async with serving(empty_database_url):
        pass
    assert rows(empty_database_url, "SELECT count(*) FROM users") == [(0,)]
