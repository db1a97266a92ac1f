"""The costliest requests that the limits allow, and another user's requests meanwhile."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import choices

import psycopg
import pytest

from adapters.embedded.server import EmbeddedPostgres
from tests.conftest import new_database
from tests.faults.clients import Client, Exchange
from tests.faults.neighbour import MEGABYTE, observing
from tests.faults.report import Measured, rounds
from tests.faults.serving import is_retryable, serving
from tests.process.service import token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

SECONDS = rounds(8, 3)
MANY = 10_000
"""The default of TASKS_PER_USER."""

LONGEST_DESCRIPTION = "\U0001f600" * 1000
MEMORY_MAX = 256 * MEGABYTE
"""The memory that a container of deploy/kubernetes.yml may use."""

CUT_OFF = "cut off"
"""A list that this test could not read in time while others waited."""

SLOWEST_MAX = 3.0
"""Seconds: far more than is measured, and less than any deadline of the service."""


@dataclass(frozen=True, slots=True)
class Costly:
    """Requests that one user repeats on some connections."""

    title: str
    connections: int = 1
    user: str = "many"
    method: str = "GET"
    path: str = ""
    """Behind ``/api/{user}/tasks``."""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (200,)
    """The expected status; a documented 500 is accepted, too, if a list waits too long."""


FEW = 1_000
"""Tasks of the user ``few``, as long as possible and of random characters."""

IDEOGRAPHS = range(0x20000, 0x2A6E0)
"""Characters of four bytes."""

LISTS = [
    Costly(f"lists of {FEW} of the longest tasks (4 MB), 64 connections", 64, "few"),
    Costly(
        "such lists, compressed, 64 connections", 64, "few", headers={"Accept-Encoding": "gzip"}
    ),
    Costly(f"lists of {MANY} of the longest tasks (49 MB)"),
    Costly("such lists, 2 connections", 2),
    Costly(
        "such lists by title, compressed, 2 connections",
        2,
        path="?sort=title",
        headers={"Accept-Encoding": "gzip"},
    ),
    Costly("such lists, 64 connections", 64),
    Costly("such lists by title, 64 connections", 64, path="?sort=title"),
    Costly("HEAD of such lists, 8 connections", 8, method="HEAD"),
    Costly(
        "such lists with a stale If-None-Match, 8 connections", 8, headers={"If-None-Match": '"x"'}
    ),
]
SMALL = [
    Costly(
        "a query of 8,000 bytes",
        4,
        "none",
        path=f"?{'%41=%41&' * 1000}"[:8000],
        statuses=(200, 422),
    ),
    *(
        Costly(f"{name} of 60,000 bytes", 4, "none", headers={name: value}, statuses=(200, 431))
        for name, value in {
            "If-None-Match": '"",' * 20_000,
            "Accept-Encoding": "br," * 20_000,
            "Cookie": "a=b;" * 15_000,
        }.items()
    ),
    Costly(
        "If-Match of 60,000 bytes",
        4,
        "none",
        "DELETE",
        "/1",
        {"If-Match": '"",' * 20_000},
        statuses=(404, 412, 431),
    ),
]


@pytest.fixture(scope="module")
def crowded(postgres_server: EmbeddedPostgres, _migrated_template: str) -> Iterator[str]:
    """The URL of a database in which the user ``many`` has MANY of the longest tasks."""
    with new_database(postgres_server.url, template=_migrated_template) as url:
        with psycopg.connect(url) as connection:
            users = ["many", "few", "none", "neighbour"]
            connection.execute("INSERT INTO users (id) SELECT unnest(%s::text[])", [users])
            longest = ["".join(map(chr, choices(IDEOGRAPHS, k=1000))) for _ in range(FEW)]  # noqa: S311
            connection.execute(
                "INSERT INTO tasks (user_id, title, description) "
                "SELECT 'few', 'Task', unnest(%s::text[])",
                [longest],
            )
            connection.execute(
                "INSERT INTO tasks (user_id, title, description) "
                "SELECT 'many', 'Task ' || number, %s FROM generate_series(1, %s) number",
                [LONGEST_DESCRIPTION, MANY],
            )
            connection.execute("INSERT INTO tasks (user_id, title) VALUES ('neighbour', 'Mine')")
        yield url


@pytest.mark.parametrize("costly", [*LISTS, *SMALL], ids=lambda costly: costly.title)
async def test_costly_requests_of_one_user_cost_no_other_an_error(
    tmp_path: Path, crowded: str, measured: Measured, costly: Costly
) -> None:
    with serving(tmp_path, crowded) as service:
        async with observing(service, token("neighbour"), "/api/neighbour/tasks") as observed:
            until = time.monotonic() + SECONDS
            done = await asyncio.gather(
                *(repeat(service.port, costly, until) for _ in range(costly.connections))
            )
    outcomes = sum(done, Counter[str]())
    measured(
        "14",
        costly.title,
        "another user sees no error; the process stays within 256 MiB",
        f"{observed}; answers: "
        + ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())),
    )
    assert observed.exchanges
    assert observed.failures == []
    assert observed.most < MEMORY_MAX
    assert observed.slowest < SLOWEST_MAX
    allowed = {*map(str, costly.statuses), *(["documented 500"] if costly in LISTS else [])}
    assert set(outcomes) - {CUT_OFF} <= allowed
    assert outcomes.keys() - {"documented 500"}


@pytest.mark.parametrize("user", ["few", "many"])
@pytest.mark.parametrize("reads", ["nothing", "nothing and disconnects"])
async def test_lists_that_are_not_read_cost_no_other_user_an_error(
    tmp_path: Path, crowded: str, measured: Measured, user: str, reads: str
) -> None:
    sent = f"GET /api/{user}/tasks HTTP/1.1\r\nAuthorization: Bearer {token(user)}\r\n\r\n"
    hold = SECONDS if reads == "nothing" else 0

    async def ask(port: int, until: float) -> int:
        asked = 0
        while time.monotonic() < until:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(sent.encode())
            asked += 1
            await asyncio.sleep(hold)
            writer.transport.abort()
        return asked

    with serving(tmp_path, crowded) as service:
        async with observing(service, token("neighbour"), "/api/neighbour/tasks") as observed:
            until = time.monotonic() + SECONDS
            asked = await asyncio.gather(*(ask(service.port, until) for _ in range(64)))
    measured(
        "14",
        f"64 connections request lists of {FEW if user == 'few' else MANY} of the longest tasks; "
        f"each reads {reads}",
        "another user sees no error; the process stays within 256 MiB",
        f"{observed}; {sum(asked)} requests",
    )
    assert observed.exchanges
    assert observed.failures == []
    assert observed.most < MEMORY_MAX
    assert observed.slowest < SLOWEST_MAX


async def repeat(port: int, costly: Costly, until: float) -> Counter[str]:
    client = Client(port, token(costly.user))
    path = f"/api/{costly.user}/tasks{costly.path}"
    outcomes = Counter[str]()
    while time.monotonic() < until:
        exchange = await client.send(costly.method, path, headers=costly.headers)
        # The exchange itself is not kept: its body may have 49 MB.
        outcomes[outcome(exchange)] += 1
    client.close()
    return outcomes


def outcome(exchange: Exchange) -> str:
    if is_retryable(exchange):
        return "documented 500"
    if exchange.error.startswith("IncompleteReadError"):
        return CUT_OFF
    return str(exchange.status or exchange.error)
