"""PostgreSQL, or one of its backends, crashes and recovers."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import load
from tests.faults.background import Background
from tests.faults.clients import Exchange
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.report import Measured, rounds
from tests.faults.serving import (
    OURS,
    acknowledged,
    audit,
    exchanges_of,
    is_retryable,
    malformed,
    serving,
    succeeded,
)

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]


def test_acknowledged_writes_survive_a_crash_of_postgresql(
    postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    outages: list[Outage] = []
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
        Background(load.work, service.port) as people,
    ):
        for _ in range(5):
            time.sleep(1.5)
            killed = time.monotonic()
            postgres.kill()
            time.sleep(0.3)
            outages.append(Outage(killed, postgres.start()))
        time.sleep(1.5)
        memories = people.result()
        wrong = audit(memories, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    first = max(outage.first_success(exchanges) - outage.ended for outage in outages)
    last = max(outage.last_failure(exchanges) - outage.ended for outage in outages)
    measured(
        "1",
        f"kill -9 of the postmaster 5 times under 100 clients ({postgres.name})",
        "no acknowledged write lost, no phantom; 500s as documented and nothing else; the first "
        "2xx within 1 s of PostgreSQL accepting again",
        f"{acknowledged(memories)} writes acknowledged, {len(wrong)} lost or phantom; "
        f"{sum(map(is_retryable, exchanges))} 500s as documented, {len(bad)} other failures; first "
        f"2xx after at most {first * 1000:.0f} ms, last 500 after {last * 1000:.0f} ms",
    )
    assert not wrong
    assert not bad
    assert any(map(is_retryable, exchanges))
    assert first < 1


def test_the_service_recovers_from_a_killed_backend_within_a_second(
    postgres: Postgres, tmp_path: Path, measured: Measured
) -> None:
    times = rounds(5, 3)
    outages: list[Outage] = []
    with (
        postgres.database(*PEOPLE) as database,
        serving(tmp_path, postgres.url(database)) as service,
        Background(load.work, service.port) as people,
    ):
        for _ in range(times):
            time.sleep(1.5)
            pids = postgres.administrate(f"SELECT pid FROM {OURS}")
            killed = time.monotonic()
            os.kill(pids[0][0], signal.SIGKILL)
            time.sleep(0.02)  # PostgreSQL has detected the crash and ends all sessions.
            outages.append(Outage(killed, postgres.await_connection()))
        time.sleep(1.5)
        memories = people.result()
        wrong = audit(memories, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    accepting = max(outage.ended - outage.began for outage in outages)
    last = max(outage.last_failure(exchanges) - outage.began for outage in outages)
    measured(
        "2",
        f"kill -9 of one backend, {times} times under 100 clients ({postgres.name})",
        "recovered within 1 s, of which PostgreSQL takes the most",
        f"last 500 at most {last * 1000:.0f} ms after the kill, PostgreSQL accepting after "
        f"{accepting * 1000:.0f} ms; {len(bad)} failures that are no documented 500; "
        f"{len(wrong)} writes lost or phantom",
    )
    assert not wrong
    assert not bad
    assert any(map(is_retryable, exchanges))
    assert last < 1


@dataclass(frozen=True, slots=True)
class Outage:
    """From the kill until connections were accepted again, by ``time.monotonic()``."""

    began: float
    ended: float

    def first_success(self, exchanges: Sequence[Exchange]) -> float:
        """When the first request afterwards had been served."""
        return min(each.ended for each in exchanges if succeeded(each) and each.ended > self.ended)

    def last_failure(self, exchanges: Sequence[Exchange]) -> float:
        """When the last 500 of this outage had arrived."""
        window = (self.began, self.ended + 1.5)
        failures = (
            e.ended for e in exchanges if is_retryable(e) and window[0] < e.ended < window[1]
        )
        return max(failures, default=self.ended)
