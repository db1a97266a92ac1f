"""One measurement, and many of them in rounds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from bench.client import Client, Load
from bench.data import reset
from bench.processes import cpu_seconds
from bench.services import Running
from bench.workloads import NotOffered, Place, Workload

_WARM_UP_SECONDS: Final = 0.25
_FIRST_WARM_UP_SECONDS: Final = 2
_SUCCESSES: Final = range(200, 300)


@dataclass(frozen=True)
class Sample:
    """What one stretch of load took."""

    cpu_us: float
    """CPU time of the service's processes per request, in microseconds."""
    database_cpu_us: float
    """The same of PostgreSQL's processes."""
    client_cpu_us: float
    """The same of the driver."""
    per_second: float
    p50_ms: float
    p99_ms: float
    response_bytes: float


class WrongAnswer(Exception):
    """A request was answered otherwise than it should be."""


def measure(
    running: Running, workload: Workload, *, connections: int, seconds: float, postgres_pid: int
) -> Sample:
    """Put one workload to one service. Raises NotOffered, WrongAnswer and ServerGone."""
    if workload.deletes:
        reset(running.database_url, deletable=True)
    streams = [
        workload.requests(Place(running.port, number, connections)) for number in range(connections)
    ]
    client = Client(running.port, streams)
    try:
        _verify(client.load(_WARM_UP_SECONDS), running, workload)
        service_before = cpu_seconds(running.pid)
        database_before = cpu_seconds(postgres_pid)
        client_before = time.process_time()
        load = client.load(seconds)
        client_cpu = time.process_time() - client_before
        service_cpu = cpu_seconds(running.pid) - service_before
        database_cpu = cpu_seconds(postgres_pid) - database_before
    finally:
        client.close()
        if workload.writes:
            reset(running.database_url)
    _verify(load, running, workload)
    return Sample(
        cpu_us=service_cpu / load.requests * 1e6,
        database_cpu_us=database_cpu / load.requests * 1e6,
        client_cpu_us=client_cpu / load.requests * 1e6,
        per_second=load.requests / load.seconds,
        p50_ms=load.percentile(0.5) * 1e3,
        p99_ms=load.percentile(0.99) * 1e3,
        response_bytes=load.received_bytes / load.requests,
    )


def _verify(load: Load, running: Running, workload: Workload) -> None:
    right = _SUCCESSES if workload.status is None else (workload.status,)
    wrong = {status: count for status, count in load.statuses.items() if status not in right}
    if wrong or not load.requests:
        raise WrongAnswer(f"{running.service.name}, {workload.name}: answers {wrong or 'none'}")


def warm_up(running: Running, workloads: Sequence[Workload], *, postgres_pid: int) -> None:
    """Let the service compile and cache: the first seconds of Node.js cost twice as much."""
    for workload in workloads:
        measure(
            running,
            workload,
            connections=workload.connections,
            seconds=_FIRST_WARM_UP_SECONDS,
            postgres_pid=postgres_pid,
        )


Key = tuple[str, str, int]
"""Names of service and workload, and how many connections were wanted."""

Samples = dict[Key, list[Sample]]


@dataclass(frozen=True)
class Plan:
    """What to measure, and for how long."""

    workloads: Sequence[Workload]
    concurrency: Sequence[int]
    rounds: int
    seconds: float


def measure_in_rounds(
    services: Sequence[Running], plan: Plan, *, postgres_pid: int, say: Callable[[str], None]
) -> Samples:
    """Each workload goes round the services, so that a noisy minute meets all of them."""
    samples: Samples = {}
    for number in range(plan.rounds):
        # Nobody is always first, or always behind the same one.
        shift = number % len(services)
        order = [*services[shift:], *services[:shift]]
        for workload, wanted in product(plan.workloads, plan.concurrency):
            say(f"round {number + 1} of {plan.rounds}: {workload.name}, connections: {wanted}")
            for running in order:
                if running.service.bare and workload.name != "get":
                    continue
                try:
                    sample = measure(
                        running,
                        workload,
                        connections=min(wanted, workload.connections),
                        seconds=plan.seconds if wanted > 1 else plan.seconds / 2,
                        postgres_pid=postgres_pid,
                    )
                except NotOffered:
                    continue
                samples.setdefault((running.service.name, workload.name, wanted), []).append(sample)
    return samples
