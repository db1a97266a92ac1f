"""PostgreSQL freezes in the middle of its work."""

import asyncio
import time
from pathlib import Path

import psycopg
import pytest

from adapters.postgres.pool import POOL_SIZE
from tests.faults import load
from tests.faults.background import Background
from tests.faults.clients import Client, Exchange
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.report import Measured, rounds
from tests.faults.serving import (
    OURS,
    audit,
    exchanges_of,
    is_retryable,
    last_failure_after,
    malformed,
    serving,
    succeeded,
)
from tests.process.service import Service, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]


async def test_requests_are_answered_in_time_while_postgresql_is_frozen(
    postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    # Longer than any request may take, so that no request succeeds after the thaw.
    seconds = 20 if "PostgreSQL 18" in postgres.name else rounds(20, 8)
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
    ):
        with (
            Background(load.work, service.port) as people,
            Background(load.probe, service.port, service.process.pid) as prober,
        ):
            await asyncio.sleep(2)
            frozen = time.monotonic()
            postgres.freeze()
            await asyncio.sleep(seconds)
            postgres.thaw()
            thawed = time.monotonic()
            await asyncio.sleep(3)
            memories = people.result()
            probes = prober.result()
        wrong = audit(memories, postgres, database)
        held = await held_at_once(service, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    slowest = max(exchange.seconds for exchange in exchanges)
    last = last_failure_after(exchanges, thawed)
    meanwhile = [each for each in probes if frozen < each.exchange.started < thawed]
    own = max(probe.seconds for probe in meanwhile)
    by_the_clock = max(probe.exchange.seconds for probe in meanwhile)
    measured(
        "4",
        f"PostgreSQL frozen (SIGSTOP) for {seconds} s under 100 clients ({postgres.name})",
        "each request answered within 10 s; live under 50 ms throughout; recovered within 2 s of "
        "SIGCONT; pool back to nothing checked out",
        f"slowest answer {slowest:.2f} s, {sum(map(is_retryable, exchanges))} documented 500s, "
        f"{len(bad)} other failures; live took the service at most {own * 1000:.0f} ms in "
        f"{len(meanwhile)} probes ({by_the_clock * 1000:.0f} ms by the clock: the rest was waiting "
        f"for a processor); last 500 {max(last, 0):.2f} s after SIGCONT; {held} of {POOL_SIZE} "
        f"connections free for use afterwards; {len(wrong)} writes lost or phantom",
    )
    assert not wrong
    assert not bad
    assert slowest < 10
    assert all(succeeded(each.exchange) for each in probes)
    assert own < 0.05
    assert last < 2
    assert held == POOL_SIZE


async def held_at_once(service: Service, postgres: Postgres, database: str) -> int:
    """Return how many connections requests hold at once when there are more than enough requests.

    Each toggles a locked task of another person, and so keeps its connection until the lock ends.
    """
    people = PEOPLE[: 2 * POOL_SIZE]
    paths = []
    for person in people:
        client = Client(service.port, token(person))
        created = await client.send("POST", f"/api/{person}/tasks", {"title": "Buy milk"})
        client.close()
        if not succeeded(created):
            return 0
        paths.append(f"{created.headers['location']}/complete")

    async def toggle(person: str, path: str) -> Exchange:
        client = Client(service.port, token(person))
        exchange = await client.send("PATCH", path)
        client.close()
        return exchange

    with psycopg.connect(postgres.url(database)) as locker:
        locker.execute("SELECT FROM tasks FOR UPDATE")
        toggles = [asyncio.create_task(toggle(*each)) for each in zip(people, paths, strict=True)]
        counts = []
        # After a second of waiting, each session looks for a deadlock and does not count as waiting
        # for some milliseconds. So the largest count is taken.
        for _ in range(15):
            await asyncio.sleep(0.1)
            [(waiting,)] = postgres.administrate(
                f"SELECT count(*) FROM {OURS} AND wait_event_type = 'Lock' AND state = 'active'"
            )
            counts.append(int(waiting))
        locker.rollback()
    assert all(map(succeeded, await asyncio.gather(*toggles)))
    return max(counts)
