"""Every statement finds its rows by an index if the table is large enough."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.embedded.server import EmbeddedPostgres
from adapters.postgres import statements
from adapters.postgres.statements import Statement
from domain.listing import SortOrder, StatusFilter
from tests.postgres.test_schema import execute, prepare

pytestmark = pytest.mark.postgres

# 2,000 users with about 95 tasks each, inserted over time. Two users have 5,000 more, of which nine
# in ten are completed for one user, and one in ten for the other.
FILL: Final = """
    INSERT INTO users (id) SELECT 'user ' || n FROM generate_series(0, 1999) n;
    INSERT INTO tasks (user_id, title, title_key, completed, created_at, updated_at)
        SELECT 'user ' || CASE WHEN n % 40 < 2 THEN n % 40 ELSE n % 2000 END, 'Task ' || n,
            'task ' || n,
            CASE n % 40 WHEN 0 THEN n % 400 <> 0 WHEN 1 THEN n % 400 = 1 ELSE n % 3 = 0 END,
            timestamptz '2026-01-01' + n * interval '1 minute', now()
        FROM generate_series(1, 200000) n;
    ANALYZE
"""
VALUES: Final = {
    "task_id": 40_000,
    "seen": "2026-01-01",
    "title": "x",
    "title_key": "x",
    "description": None,
    "completed": True,
    "now": "2026-01-02",
    "limit": 1_001,
    "below": 9_000,
    "key": "2026-01-20",
}
KEYS: Final = {SortOrder.CREATED: "2026-02-20", SortOrder.TITLE: "task 3"}
"""A position in the middle of a list, for each order."""
LISTS: Final = {
    f"list {status} by {order}": statements.LIST[status, order]
    for status in StatusFilter
    for order in SortOrder
}
FINGERPRINTS: Final = {
    f"fingerprint {status}": statements.FINGERPRINT[status] for status in StatusFilter
}
SINGLE_TASK: Final = {
    "select one": statements.SELECT_ONE,
    "replace": statements.REPLACE,
    "delete": statements.DELETE,
    "delete seen": statements.DELETE_SEEN,
}
PAGES: Final = {
    f"{name} {status} by {order}": found[status, order]
    for name, found in (("page", statements.PAGE), ("next page", statements.NEXT_PAGE))
    for status in StatusFilter
    for order in SortOrder
}
COUNT: Final = {"count": statements.COUNT}
# PostgreSQL itself executes this for ON DELETE CASCADE.
CASCADE: Final = {
    "cascade": Statement(
        b"DELETE FROM ONLY tasks WHERE $1 OPERATOR(pg_catalog.=) user_id", ("owner",)
    )
}
STATEMENTS: Final = LISTS | PAGES | FINGERPRINTS | SINGLE_TASK | COUNT | CASCADE
BY_INDEX: Final = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
BUSY: Final = "user 0"
FEW: Final = {StatusFilter.PENDING: BUSY, StatusFilter.COMPLETED: "user 1"}
"""For each status, the user with few tasks of this status among many."""
ORDINARY: Final = "user 7"

Node = dict[str, Any]


def index_of(status: StatusFilter, order: SortOrder) -> str:
    """The index that has the order of such a list."""
    return f"tasks_user{'' if status is StatusFilter.ALL else '_completed'}_{order}"


@pytest.fixture(scope="module")
def large_database_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    maintenance = make_conninfo(postgres_server.url, dbname="postgres")
    execute(maintenance, "CREATE DATABASE large TEMPLATE template0")
    url = make_conninfo(postgres_server.url, dbname="large")
    asyncio.run(prepare(url))
    execute(url, FILL)
    yield url
    execute(maintenance, "DROP DATABASE large WITH (FORCE)")


@pytest.fixture
def connection(large_database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(large_database_url) as connection:
        yield connection
        # The next test has the table as it was.
        connection.rollback()


@pytest.fixture(scope="module")
def few_users_url(large_database_url: str, postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A copy with the tasks of the two busy users alone."""
    maintenance = make_conninfo(postgres_server.url, dbname="postgres")
    execute(maintenance, "CREATE DATABASE few_users TEMPLATE large")
    url = make_conninfo(postgres_server.url, dbname="few_users")
    execute(url, "DELETE FROM tasks WHERE user_id NOT IN ('user 0', 'user 1'); ANALYZE tasks")
    yield url
    execute(maintenance, "DROP DATABASE few_users WITH (FORCE)")


@pytest.fixture
def few_users(few_users_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(few_users_url) as connection:
        yield connection


def plan(
    connection: psycopg.Connection, statement: Statement, owner: str, **values: object
) -> list[Node]:
    """The nodes of the plan for ``statement``, prepared."""
    connection.execute(f"PREPARE statement AS {statement.text.decode()}")
    given = {"owner": owner, **VALUES, **values}
    literals = [sql.Literal(given[name]) for name in statement.parameters]
    explain = sql.SQL("EXPLAIN (FORMAT JSON) EXECUTE statement({})")
    cursor = connection.execute(explain.format(sql.SQL(", ").join(literals)))
    [([explained],)] = cursor.fetchall()
    return list(_nodes(explained["Plan"]))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


@pytest.mark.parametrize("owner", [BUSY, ORDINARY], ids=["busy", "ordinary"])
@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_every_statement_finds_its_rows_by_an_index(
    connection: psycopg.Connection, statement: Statement, mode: str, owner: str
) -> None:
    connection.execute(f"SET plan_cache_mode = force_{mode}_plan")

    nodes = plan(connection, statement, owner)

    read = [node for node in nodes if node.get("Relation Name") == "tasks"]
    kinds = {node["Node Type"] for node in read} - {"ModifyTable"}
    assert kinds, nodes
    assert kinds <= BY_INDEX, nodes


def test_ids_that_are_not_text_are_found_by_the_same_indexes(empty_database_url: str) -> None:
    execute(
        empty_database_url,
        """CREATE TABLE "user" (id uuid PRIMARY KEY);
        INSERT INTO "user" SELECT md5('user ' || n)::uuid FROM generate_series(0, 1999) n""",
    )
    asyncio.run(prepare(empty_database_url, "user"))
    execute(
        empty_database_url,
        """INSERT INTO tasks (user_id, title, title_key, updated_at)
            SELECT md5('user ' || n % 2000)::uuid, 'x', 'x', now()
            FROM generate_series(1, 100000) n;
        ANALYZE""",
    )
    with psycopg.connect(empty_database_url) as connection:
        for mode in ("custom", "generic"):
            connection.execute(f"SET plan_cache_mode = force_{mode}_plan")
            for name, statement in STATEMENTS.items():
                nodes = plan(connection, statement, "c1fdab0e-ae1a-2dcf-8fa8-e2f8efbbbd92")
                read = [node for node in nodes if node.get("Relation Name") == "tasks"]
                kinds = {node["Node Type"] for node in read} - {"ModifyTable"}
                assert kinds, (name, nodes)
                assert kinds <= BY_INDEX, (name, nodes)
                connection.execute("DEALLOCATE statement")


@pytest.mark.parametrize("status", FEW)
@pytest.mark.parametrize("order", SortOrder)
def test_a_list_by_status_reads_only_rows_of_this_status(
    connection: psycopg.Connection, status: StatusFilter, order: SortOrder
) -> None:
    # If most rows have this status, a smaller index without it may be cheaper.
    nodes = plan(connection, statements.LIST[status, order], FEW[status])

    [condition] = [node["Index Cond"] for node in nodes if "Index Cond" in node]
    assert "user_id = " in condition
    assert f"completed = {str(status.completed).lower()}" in condition


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("status", StatusFilter)
def test_a_list_can_be_read_in_the_order_of_an_index(
    connection: psycopg.Connection, status: StatusFilter, order: SortOrder, mode: str
) -> None:
    # Rows that lie scattered are cheaper to fetch as they lie and to sort; where pages come at
    # the same price in any order, as from memory, there is nothing to gain by that.
    connection.execute("SET random_page_cost = 1.0")
    connection.execute(f"SET plan_cache_mode = force_{mode}_plan")

    # For the user with few such tasks: if most have the status, two indexes cost the same.
    owner = FEW.get(status, BUSY)
    nodes = plan(connection, statements.LIST[status, order], owner)

    assert [(node["Node Type"], node.get("Index Name")) for node in nodes] == [
        ("Index Scan", index_of(status, order))
    ]


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("owner", [BUSY, ORDINARY], ids=["busy", "ordinary"])
def test_the_limit_of_tasks_is_counted_in_an_index_and_no_further_than_needed(
    large_database_url: str, connection: psycopg.Connection, owner: str, mode: str
) -> None:
    # As autovacuum does after some time: until then rows are looked at in the table.
    with psycopg.connect(large_database_url, autocommit=True) as other:
        other.execute("VACUUM tasks")
    connection.execute(f"SET plan_cache_mode = force_{mode}_plan")

    nodes = plan(connection, statements.COUNT, owner)

    read = [node for node in nodes if node.get("Relation Name") == "tasks"]
    assert [node["Node Type"] for node in read] == ["Index Only Scan"], nodes
    assert "Limit" in {node["Node Type"] for node in nodes}


def test_the_limit_of_tasks_is_counted_in_an_index_when_there_are_few_users(
    few_users: psycopg.Connection,
) -> None:
    few_users.execute("SET plan_cache_mode = force_generic_plan")

    nodes = plan(few_users, statements.COUNT, BUSY)

    assert "Seq Scan" not in {node["Node Type"] for node in nodes}, nodes


@pytest.mark.parametrize("mode", ["custom", "generic"])
@pytest.mark.parametrize("limit", [21, 1_001])
@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("status", StatusFilter)
def test_a_page_is_read_in_the_order_of_an_index_from_where_it_begins(
    few_users: psycopg.Connection, status: StatusFilter, order: SortOrder, limit: int, mode: str
) -> None:
    if limit > 21:
        # This table is so small that by default it seems cheaper to read it all and to sort.
        few_users.execute("SET random_page_cost = 1.1")
    few_users.execute(f"SET plan_cache_mode = force_{mode}_plan")
    for statement in (statements.PAGE[status, order], statements.NEXT_PAGE[status, order]):
        values = {"limit": limit, "key": KEYS[order]}

        nodes = plan(few_users, statement, BUSY, **values)

        assert [node["Node Type"] for node in nodes] == ["Limit", "Index Scan"], nodes
        assert nodes[1]["Index Name"] == index_of(status, order)
        assert "Filter" not in nodes[1]
        begins_there = "ROW(" in nodes[1]["Index Cond"]
        assert begins_there is (statement is statements.NEXT_PAGE[status, order])
        few_users.execute("DEALLOCATE statement")
