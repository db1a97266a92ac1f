"""Objects of other programs that would change or refuse what this service stores."""

from typing import Final

import pytest

from adapters.postgres.database import Database
from application.errors import SchemaConflict
from tests.postgres.test_adoption import foreign_database
from tests.postgres.test_schema import execute, new_id, prepare, repository, rows, snapshot

pytestmark = pytest.mark.postgres

FUNCTION: Final = """
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE tasks SET title = ''x'' WHERE id = NEW.id; RETURN NEW; END';
"""

OBSTACLES: Final = {
    "titles must differ, by an expression": (
        "CREATE UNIQUE INDEX one_of_each ON tasks (user_id, lower(title))",
        "one_of_each",
    ),
    "titles must differ beside a column with a default": (
        "ALTER TABLE tasks ADD list_id integer DEFAULT 1; "
        "CREATE UNIQUE INDEX one_of_each ON tasks (list_id, title)",
        "one_of_each",
    ),
    "a column with a default must differ": (
        "ALTER TABLE tasks ADD slug text DEFAULT 'x'; "
        "UPDATE tasks SET slug = id; CREATE UNIQUE INDEX one_of_each ON tasks (slug)",
        "one_of_each",
    ),
    "an empty column must differ": (
        "ALTER TABLE tasks ADD slug text; UPDATE tasks SET slug = id; "
        "CREATE UNIQUE INDEX one_of_each ON tasks (slug) NULLS NOT DISTINCT",
        "one_of_each",
    ),
    "a part of the titles must differ": (
        "CREATE UNIQUE INDEX one_of_each ON tasks (title) WHERE NOT completed",
        "one_of_each",
    ),
    "titles must differ, by an index that also holds numbers": (
        "CREATE UNIQUE INDEX one_of_each ON tasks (title) INCLUDE (id)",
        "one_of_each",
    ),
    "an exclusion constraint": (
        "ALTER TABLE tasks ADD CONSTRAINT one_of_each EXCLUDE (title WITH =)",
        "one_of_each",
    ),
    "an exclusion constraint on an expression": (
        "ALTER TABLE tasks ADD CONSTRAINT one_of_each EXCLUDE ((lower(title)) WITH =)",
        "one_of_each",
    ),
    "a rule instead of deleting": (
        "CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING",
        "rule keep",
    ),
    "a rule beside inserting": (
        "CREATE TABLE audit (); CREATE RULE note AS ON INSERT TO tasks DO ALSO "
        "INSERT INTO audit DEFAULT VALUES",
        "rule note",
    ),
    "a trigger before": (
        FUNCTION + "CREATE TRIGGER touched BEFORE UPDATE ON tasks FOR EACH ROW "
        "EXECUTE FUNCTION touch()",
        "trigger touched",
    ),
    "a trigger after": (
        FUNCTION + "CREATE TRIGGER touched AFTER INSERT ON tasks FOR EACH ROW "
        "EXECUTE FUNCTION touch()",
        "trigger touched",
    ),
    "a trigger of statements": (
        FUNCTION + "CREATE TRIGGER touched AFTER DELETE ON tasks EXECUTE FUNCTION touch()",
        "trigger touched",
    ),
    "a constraint trigger": (
        FUNCTION + "CREATE CONSTRAINT TRIGGER touched AFTER INSERT ON tasks DEFERRABLE "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch()",
        "trigger touched",
    ),
    "a trigger that always fires": (
        FUNCTION + "CREATE TRIGGER touched AFTER INSERT ON tasks FOR EACH ROW "
        "EXECUTE FUNCTION touch(); ALTER TABLE tasks ENABLE ALWAYS TRIGGER touched",
        "trigger touched",
    ),
    "another table that keeps tasks": (
        "CREATE TABLE subtasks (task_id integer REFERENCES tasks (id))",
        "table subtasks refers to tasks",
    ),
    "another table that keeps tasks at once": (
        "CREATE TABLE subtasks (task_id integer REFERENCES tasks (id) ON DELETE RESTRICT)",
        "table subtasks refers to tasks",
    ),
    "a title of another table": (
        "CREATE TABLE titles (title varchar PRIMARY KEY); INSERT INTO titles SELECT DISTINCT "
        "title FROM tasks; ALTER TABLE tasks ADD CONSTRAINT known FOREIGN KEY (title) "
        "REFERENCES titles",
        "foreign key known",
    ),
    "a column that must be filled": (
        "ALTER TABLE tasks ADD list_id integer NOT NULL DEFAULT 1; "
        "ALTER TABLE tasks ALTER list_id DROP DEFAULT",
        "tasks.list_id",
    ),
}


@pytest.mark.parametrize(("history", "named"), OBSTACLES.values(), ids=OBSTACLES)
async def test_an_obstacle_is_named_at_adoption_and_nothing_is_changed(
    empty_database_url: str, history: str, named: str
) -> None:
    await foreign_database(empty_database_url, history)
    before = snapshot(empty_database_url)
    with pytest.raises(SchemaConflict) as caught:
        await prepare(empty_database_url)
    assert named in str(caught.value)
    assert snapshot(empty_database_url) == before


@pytest.mark.parametrize("migrate_on_start", [True, False])
@pytest.mark.parametrize(("history", "named"), OBSTACLES.values(), ids=OBSTACLES)
async def test_an_obstacle_that_comes_later_is_named_at_the_next_start(
    empty_database_url: str, history: str, named: str, migrate_on_start: bool
) -> None:
    await foreign_database(empty_database_url)
    await prepare(empty_database_url)
    execute(empty_database_url, history.replace("varchar", "text"))
    database = Database(url=empty_database_url, migrate_on_start=migrate_on_start)
    with pytest.raises(SchemaConflict) as caught:
        await database.prepare()
    assert named in str(caught.value)
    await database.close()


HARMLESS: Final = {
    "a unique number": "CREATE UNIQUE INDEX ON tasks (id, title)",
    "a unique column that stays empty": "ALTER TABLE tasks ADD slug text UNIQUE",
    "a unique column that is always another": (
        "ALTER TABLE tasks ADD public_id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid()"
    ),
    "a unique serial number": "ALTER TABLE tasks ADD number serial UNIQUE",
    "a unique identity": (
        "ALTER TABLE tasks ADD number integer GENERATED BY DEFAULT AS IDENTITY UNIQUE"
    ),
    "a disabled trigger": (
        FUNCTION + "CREATE TRIGGER touched AFTER INSERT ON tasks FOR EACH ROW "
        "EXECUTE FUNCTION touch(); ALTER TABLE tasks DISABLE TRIGGER touched"
    ),
    "a trigger of replicated changes": (
        FUNCTION + "CREATE TRIGGER touched AFTER INSERT ON tasks FOR EACH ROW "
        "EXECUTE FUNCTION touch(); ALTER TABLE tasks ENABLE REPLICA TRIGGER touched"
    ),
    "a disabled rule": (
        "CREATE RULE keep AS ON DELETE TO tasks DO INSTEAD NOTHING; "
        "ALTER TABLE tasks DISABLE RULE keep"
    ),
    "a trigger on truncating": (
        FUNCTION + "CREATE TRIGGER touched AFTER TRUNCATE ON tasks EXECUTE FUNCTION touch()"
    ),
    "an index with the name of ours in another schema": (
        "CREATE SCHEMA other; CREATE TABLE other.notes (id integer); "
        "CREATE INDEX tasks_user_created ON other.notes (id)"
    ),
    "a table of parts of tasks": (
        "CREATE TABLE subtasks (task_id integer REFERENCES tasks (id) ON DELETE CASCADE)"
    ),
}


@pytest.mark.parametrize("history", HARMLESS.values(), ids=HARMLESS)
async def test_what_breaks_no_statement_is_left_alone(
    empty_database_url: str, history: str
) -> None:
    await foreign_database(empty_database_url, history)
    async with repository(empty_database_url) as tasks:
        assert [await new_id(empty_database_url) for _ in range(2)] == [10, 11]
        await tasks.delete("ada", 10)


async def test_a_reference_of_the_owner_with_another_column_stays(empty_database_url: str) -> None:
    await foreign_database(
        empty_database_url,
        "CREATE TABLE lists (user_id varchar, id integer, PRIMARY KEY (user_id, id)); ALTER TABLE "
        "tasks ADD list_id integer, ADD CONSTRAINT in_list FOREIGN KEY (user_id, list_id) "
        "REFERENCES lists",
    )
    await prepare(empty_database_url)
    assert rows(empty_database_url, "SELECT FROM pg_constraint WHERE conname = 'in_list'")


NAMES: Final = {
    "an index of another table": (
        "CREATE TABLE notes (id integer); CREATE INDEX tasks_user_created ON notes (id)"
    ),
    "an index of another table with these columns": (
        "CREATE TABLE notes (user_id text, created_at timestamp, id integer); "
        "CREATE INDEX tasks_user_created ON notes (user_id, created_at, id)"
    ),
    "a table": "CREATE TABLE tasks_user_completed_created ()",
    "an index of all tasks": "CREATE INDEX tasks_without_title_key ON tasks (id)",
    "another index of tasks": "CREATE INDEX tasks_user_created ON tasks (title)",
    "an index of a part of tasks": (
        "CREATE INDEX tasks_user_created ON tasks (user_id, created_at, id) WHERE completed"
    ),
}


@pytest.mark.parametrize("history", NAMES.values(), ids=NAMES)
async def test_an_index_whose_name_is_taken_is_named(empty_database_url: str, history: str) -> None:
    await foreign_database(empty_database_url, history)
    before = snapshot(empty_database_url)
    with pytest.raises(SchemaConflict, match=r"the name tasks_\w+, .* is taken by"):
        await prepare(empty_database_url)
    assert snapshot(empty_database_url) == before


async def test_numbers_that_javascript_cannot_read_are_counted_in_a_warning(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await foreign_database(
        empty_database_url,
        "ALTER TABLE tasks ALTER id TYPE bigint; "
        "UPDATE tasks SET id = id + 9007199254740990 WHERE id > 6",
    )
    await prepare(empty_database_url)
    assert "3 tasks have an id beyond 9007199254740991" in caplog.text


async def test_a_table_task_beside_none_called_tasks_is_warned_of(
    empty_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    execute(empty_database_url, "CREATE TABLE task (id serial PRIMARY KEY)")
    await prepare(empty_database_url)
    assert "the table tasks is made beside a table task" in caplog.text
    caplog.clear()
    await prepare(empty_database_url)
    assert not [entry for entry in caplog.records if entry.levelname == "WARNING"]
