"""Row-level security, whose hidden rows would look like an empty list."""

from typing import Final

import pytest
from psycopg.conninfo import make_conninfo

from adapters.postgres.database import Database
from adapters.postgres.errors import NotServable
from domain.listing import SortOrder, StatusFilter
from tests.postgres.test_adoption import foreign_database
from tests.postgres.test_schema import execute, new_id, prepare, repository, rows

pytestmark = pytest.mark.postgres

HIDDEN: Final = {
    "forced on the owner": (
        "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
    ),
    "a policy": (
        "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; "
        "CREATE POLICY own ON tasks USING (user_id = current_user)"
    ),
}


@pytest.fixture
def owner_url(empty_database_url: str) -> str:
    """The database, for an owner who is not a superuser."""
    execute(
        empty_database_url,
        """DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landlord') THEN
        CREATE ROLE landlord LOGIN; END IF; END $$; GRANT ALL ON SCHEMA public TO landlord""",
    )
    return make_conninfo(empty_database_url, user="landlord")


@pytest.mark.parametrize("migrate_on_start", [True, False])
@pytest.mark.parametrize("policy", HIDDEN.values(), ids=HIDDEN)
async def test_hidden_rows_are_no_empty_list_but_a_storage_that_is_not_ready(
    owner_url: str, policy: str, migrate_on_start: bool
) -> None:
    await prepare(owner_url)
    execute(owner_url, policy)
    database = Database(url=owner_url, migrate_on_start=migrate_on_start)
    with pytest.raises(NotServable, match=r"row-level security hides .* from the role landlord"):
        await database.prepare()
    execute(owner_url, "ALTER TABLE tasks DISABLE ROW LEVEL SECURITY")
    await database.prepare()
    await database.check()
    await database.close()


async def test_a_table_whose_rows_are_hidden_is_not_adopted(
    empty_database_url: str, owner_url: str
) -> None:
    handed_over = "ALTER TABLE tasks OWNER TO landlord; ALTER TABLE users OWNER TO landlord;"
    await foreign_database(empty_database_url, handed_over + HIDDEN["a policy"])
    before = rows(owner_url, "SELECT relname, oid, relfilenode FROM pg_class ORDER BY 1, 2")
    with pytest.raises(NotServable, match="row-level security"):
        await prepare(owner_url)
    assert rows(owner_url, "SELECT relname, oid, relfilenode FROM pg_class ORDER BY 1, 2") == before


async def test_users_whose_rows_are_hidden_own_their_tasks(
    empty_database_url: str, owner_url: str
) -> None:
    await foreign_database(
        empty_database_url,
        "ALTER TABLE tasks OWNER TO landlord; ALTER TABLE users ENABLE ROW LEVEL SECURITY; "
        "GRANT SELECT, REFERENCES ON users TO landlord",
    )
    async with repository(owner_url) as tasks:
        assert len(await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)) == 8


async def test_row_level_security_that_hides_nothing_from_the_owner_is_fine(
    owner_url: str,
) -> None:
    await prepare(owner_url)
    execute(
        owner_url,
        "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY; INSERT INTO users (id) VALUES ('ada')",
    )
    async with repository(owner_url) as tasks:
        await new_id(owner_url)
        assert len(await tasks.list("ada", StatusFilter.ALL, SortOrder.CREATED)) == 1
