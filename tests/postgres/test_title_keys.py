"""The title keys are filled, even if another program wrote the row."""

from datetime import UTC, datetime
from itertools import cycle, islice
from random import Random
from typing import Final

import pytest

from adapters.postgres.migrations import title_keys
from application.errors import SchemaConflict
from domain.listing import SortOrder, StatusFilter
from domain.task import TITLE_MAX, NewTask, Task
from domain.title_key import title_key
from tests.contract.conftest import add_users
from tests.postgres.test_adoption import foreign_database
from tests.postgres.test_schema import definition, execute, prepare, repository, rows, snapshot

pytestmark = pytest.mark.postgres

NOW: Final = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
TITLES: Final = ("zoo", "Éclair", "STRASSE", "straße", "Żółw", "b", "Apfel", "äpfel", "日本", "й")


async def by_title(url: str) -> list[Task]:
    async with repository(url) as tasks:
        return await tasks.list("ada", StatusFilter.ALL, SortOrder.TITLE)


async def test_adopted_tasks_get_their_keys(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(title_keys, "_BATCH", 3)
    values = ", ".join(f"('ada', '{title}', false, now(), now())" for title in TITLES)
    await foreign_database(
        empty_database_url,
        f"INSERT INTO tasks (user_id, title, completed, created_at, updated_at) VALUES {values}",
    )
    listed = await by_title(empty_database_url)
    assert len(listed) > len(TITLES)
    assert listed == SortOrder.TITLE.arrange(listed)
    for title, key in rows(empty_database_url, "SELECT title, title_key FROM tasks"):
        assert key == title_key(title)


async def test_tasks_of_other_programs_are_listed_first_until_the_next_start(
    database_url: str,
) -> None:
    add_users(database_url, "ada")
    async with repository(database_url) as tasks:
        new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=NOW)
        ours = await tasks.add(new)
        execute(
            database_url,
            "INSERT INTO tasks (user_id, title) VALUES ('ada', 'Zoo'), ('ada', 'Ähre')",
        )
        execute(database_url, "UPDATE tasks SET title = 'Zoo 2', title_key = DEFAULT WHERE id = 2")
        listed = await tasks.list("ada", StatusFilter.ALL, SortOrder.TITLE)
        assert [task.title for task in listed] == ["Zoo 2", "Ähre", "Buy milk"]
    again = await by_title(database_url)
    assert [task.title for task in again] == ["Ähre", "Buy milk", "Zoo 2"]
    assert ours in again


@pytest.mark.parametrize(
    "change",
    [
        "DROP COLUMN title_key",
        "ALTER title_key DROP NOT NULL, ALTER title_key DROP DEFAULT",
    ],
)
async def test_a_changed_column_is_adopted_again(database_url: str, change: str) -> None:
    add_users(database_url, "ada")
    indexes = definition(database_url)["indexes"]
    execute(database_url, f"ALTER TABLE tasks {change}")
    execute(database_url, "INSERT INTO tasks (user_id, title) VALUES ('ada', 'b'), ('ada', 'Ä')")
    assert [task.title for task in await by_title(database_url)] == ["Ä", "b"]
    assert definition(database_url)["indexes"] == indexes


async def test_a_title_that_another_session_changes_meanwhile_keeps_its_key(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_users(database_url, "ada")
    execute(database_url, "INSERT INTO tasks (user_id, title) VALUES ('ada', 'Ä')")

    def change_first(title: str) -> str:
        execute(database_url, "UPDATE tasks SET title = 'Ö', title_key = 'ö'")
        return title_key(title)

    monkeypatch.setattr(title_keys, "title_key", change_first)
    await prepare(database_url)
    assert rows(database_url, "SELECT title, title_key FROM tasks") == [("Ö", "ö")]


async def test_a_constraint_that_no_key_could_meet_is_dropped(database_url: str) -> None:
    add_users(database_url, "ada")
    execute(
        database_url,
        "ALTER TABLE tasks ADD CONSTRAINT short CHECK (char_length(title_key) <= 3)",
    )
    async with repository(database_url) as tasks:
        new = NewTask.create(user_id="ada", title="Buy milk", description=None, now=NOW)
        added = await tasks.add(new)
        assert await tasks.list("ada", StatusFilter.ALL, SortOrder.TITLE) == [added]


@pytest.mark.parametrize("kind", ["text", "integer", 'varchar(10) COLLATE "C"'])
async def test_another_programs_column_of_this_name_is_not_replaced(
    empty_database_url: str, kind: str
) -> None:
    await foreign_database(empty_database_url, f"ALTER TABLE tasks ADD title_key {kind}")
    before = snapshot(empty_database_url)
    with pytest.raises(SchemaConflict, match=r"the column tasks\.title_key has the type"):
        await prepare(empty_database_url)
    assert snapshot(empty_database_url) == before


@pytest.mark.parametrize(
    "letters", ["և", "ᾀ", "\U0001f600", None], ids=["armenian", "greek", "emoji", "random"]
)
async def test_the_longest_titles_of_the_longest_ids_fit_into_the_indexes(
    database_url: str, letters: str | None
) -> None:
    # Random, so that PostgreSQL cannot compress them: an index row has at most 2,704 bytes.
    random = Random(letters)  # noqa: S311
    owner, title = (
        "".join(chr(random.randrange(0x10000, 0xE0000)) for _ in range(length))
        for length in (255, TITLE_MAX)
    )
    if letters is not None:
        title = "".join(islice(cycle(letters), TITLE_MAX))
    add_users(database_url, owner)
    async with repository(database_url) as tasks:
        new = NewTask.create(user_id=owner, title=title, description=None, now=NOW)
        added = await tasks.add(new)
        toggled = await tasks.update(owner, added.id, lambda task: task.toggle(now=NOW))
        assert await tasks.list(owner, StatusFilter.COMPLETED, SortOrder.TITLE) == [toggled]
