"""Cost of the service's statements on small and large tables, for users with few and many tasks."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import psycopg

from adapters.postgres import statements
from adapters.postgres.statements import Statement
from bench.figures.tables import markdown_table
from domain.listing import SortOrder

TOTALS: Final = (100, 1_000_000, 10_000_000)
OWNED: Final = (10, 1_000, 100_000)

_REPEATS: Final = 7

_WITHOUT_TASKS: Final = ("CHECK", "FACTS", "LOCK")
"""Statements that read no task."""

# The tasks of each user are scattered over the table, as after concurrent writes of many users.
_FILL: Final = """
    SET session_replication_role = replica;  -- no look-up of the user for each of the rows
    SET maintenance_work_mem = '512MB';
    INSERT INTO users (id) VALUES ('owner-of-10'), ('owner-of-1000'), ('owner-of-100000');
    INSERT INTO users (id) SELECT 'other ' || n FROM generate_series(0, {others} - 1) AS n;
    INSERT INTO tasks (user_id, title, title_key, description, completed, created_at, updated_at)
        SELECT CASE {owners} ELSE 'other ' || n % {others} END,
               'Task ' || n || ' of the many that are to be done',
               'task ' || n || ' of the many that are to be done',
               CASE WHEN n % 4 > 0 THEN 'What there is to say about it, in a sentence or two.' END,
               n % 3 = 0, moment, moment
        FROM (SELECT n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1.234567 s' AS moment
              FROM generate_series(1, {total}) AS n);
"""


def owner_of(tasks: int) -> str:
    """Return the id of the user with this number of tasks."""
    return f"owner-of-{tasks}"


def fill(url: str, total: int) -> None:
    """Insert ``total`` tasks into a migrated database, including the users of OWNED that fit."""
    owners = " ".join(
        f"WHEN n % {total // owned} = {place} THEN '{owner_of(owned)}'"
        for place, owned in enumerate(OWNED)
        if owned * 5 <= total
    )
    others = max(10, total // 100)
    with psycopg.connect(url, autocommit=True) as connection:
        # Creating an index afterwards is several times as fast as updating it with each row.
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = 'tasks' AND indexname <> 'tasks_pkey'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for statement in _FILL.format(total=total, others=others, owners=owners).split(";\n"):
            connection.execute(statement.encode())
        for _, definition in indexes:
            connection.execute(definition.encode())
        connection.execute("VACUUM ANALYZE tasks")


@dataclass(frozen=True)
class Cost:
    """Cost of a statement, as EXPLAIN ANALYZE reports it."""

    milliseconds: float
    pages: int
    rows: int
    nodes: str

    def __str__(self) -> str:
        return f"{self.milliseconds:,.2f} ms, {self.pages:,} pages"


def costs(url: str, owner: str) -> dict[str, Cost]:
    """Return the cost of every statement for one user. Rolls back every change."""
    with psycopg.connect(url, cursor_factory=psycopg.RawCursor) as connection:
        [(task_id, seen)] = connection.execute(
            "SELECT id, updated_at FROM tasks WHERE user_id = $1 ORDER BY id LIMIT 1", [owner]
        ).fetchall()
        values = {
            "owner": owner,
            "task_id": task_id,
            "seen": seen,
            "title": "Another title",
            "title_key": "another title",
            "description": None,
            "completed": True,
            "now": "2026-11-21 00:00:00Z",
            "limit": 101,
            "below": 10_000,
        }
        found = {}
        for name, each in _all_statements():
            # The position after the first tasks.
            key = seen if SortOrder.CREATED in name.split() else "task 5"
            found[name] = _cost(connection, each, {**values, "key": key})
        return found


def _all_statements() -> Iterator[tuple[str, Statement]]:
    for name, value in vars(statements).items():
        if not name.isupper() or name.startswith("_") or name in _WITHOUT_TASKS:
            continue
        if isinstance(value, Statement):
            yield name, value
        elif isinstance(value, Mapping):
            for key, each in value.items():
                words = key if isinstance(key, tuple) else (key,)
                yield " ".join([name, *map(str, words)]), each


def _cost(
    connection: psycopg.Connection, statement: Statement, values: Mapping[str, object]
) -> Cost:
    explain = b"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) " + statement.text
    given = [values[name] for name in statement.parameters]
    found = []
    for _ in range(_REPEATS):
        [(plan,)] = connection.execute(explain, given).fetchall()
        connection.rollback()
        found.append(plan[0] if isinstance(plan, list) else json.loads(plan)[0])
    root = found[-1]["Plan"]
    return Cost(
        milliseconds=median(plan["Execution Time"] for plan in found),
        pages=root["Shared Hit Blocks"] + root["Shared Read Blocks"],
        rows=round(root["Actual Rows"]),
        nodes=" < ".join(dict.fromkeys(_nodes(root))),
    )


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["Node Type"]
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def table(found: Mapping[tuple[int, int], Mapping[str, Cost]]) -> str:
    """Return a table: a row for each statement, a column for each size and user."""
    names = list(next(iter(found.values())))
    header = ["", *(f"{owned:,} of {total:,}" for total, owned in found)]
    rows = [[name, *(str(costs[name]) for costs in found.values())] for name in names]
    return markdown_table(header, rows)
