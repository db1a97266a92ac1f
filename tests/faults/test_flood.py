"""A flood of anonymous requests while PostgreSQL is down."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.jwt.shared_secret import mint
from tests.faults.clients import Client, Exchange
from tests.faults.postgres import Postgres
from tests.faults.proxy import Proxy
from tests.faults.report import Measured, rounds
from tests.faults.serving import serving
from tests.process.service import SECRET, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

CLIENTS = 100
TASKS = "/api/ada/tasks"
REQUESTS = (
    ("GET", TASKS, None),
    ("POST", TASKS, {"title": "Buy milk"}),
    ("PUT", f"{TASKS}/1", {"title": "Buy milk"}),
    ("PATCH", f"{TASKS}/1/complete", None),
    ("DELETE", f"{TASKS}/1", None),
)
NOBODYS = (
    "",
    "garbage",
    mint(secret=SECRET, subject="ada", lifetime=timedelta(hours=-1)),
    mint(secret="another secret of thirty-two bytes", subject="ada", lifetime=timedelta(hours=1)),
)


async def test_an_anonymous_flood_never_reaches_the_database(
    plain_postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    postgres = plain_postgres
    seconds = rounds(10, 5)
    seen: list[Exchange] = []
    with (
        Proxy(postgres.port) as proxy,
        postgres.database("ada") as database,
        serving(tmp_path, postgres.url(database, proxy.port)) as service,
    ):
        postgres.stop()
        try:
            before = proxy.connections
            ending = time.monotonic() + seconds

            async def pour(number: int) -> None:
                client = Client(service.port, NOBODYS[number % len(NOBODYS)])
                while time.monotonic() < ending:
                    for method, path, content in REQUESTS:
                        seen.append(await client.send(method, path, content))
                client.close()

            await asyncio.gather(*map(pour, range(CLIENTS)))
            attempted = proxy.connections - before
            # Shows that the count works: an authenticated request increases it.
            client = Client(service.port, token("ada"))
            await client.send("GET", TASKS)
            client.close()
            counted = proxy.connections - before
        finally:
            postgres.start()
    statuses = Counter(exchange.status for exchange in seen)
    measured(
        "10",
        f"{CLIENTS} anonymous clients at full speed for {seconds} s while PostgreSQL is stopped",
        "all 401, none 500, no connection attempted",
        f"{statuses[401]} of {len(seen)} are 401 ({len(seen) / seconds:.0f} a second); "
        f"{attempted} connections attempted",
    )
    assert set(statuses) == {401}
    assert attempted == 0
    assert counted > 0
