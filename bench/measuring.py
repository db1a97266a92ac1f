"""Measuring a service, and many of them in rounds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from bench.client import Client, Load
from bench.data import reset
from bench.processes import cpu_seconds
from bench.sample import Sample, Target, percentile
from bench.services import Running
from bench.workloads import NotOffered, Place, Workload

_WARM_UP_SECONDS: Final = 0.25
_FIRST_WARM_UP_SECONDS: Final = 2
_SUCCESSES: Final = range(200, 300)


class WrongAnswer(Exception):
    """A request was answered otherwise than it should be."""


@dataclass(frozen=True)
class ServiceTarget:
    """A running service, and the PostgreSQL behind it."""

    running: Running
    postgres_pid: int

    @property
    def name(self) -> str:
        """The service's."""
        return self.running.service.name

    def warm_up(self, workloads: Sequence[Workload]) -> None:
        """Let it compile and cache: the first seconds of Node.js cost twice as much."""
        if self.running.service.bare:
            return
        for workload in workloads:
            at_once = workload.connections
            self.measure(workload, connections=at_once, seconds=_FIRST_WARM_UP_SECONDS)

    def measure(self, workload: Workload, *, connections: int, seconds: float) -> Sample:
        """Put one workload to it. Raises NotOffered, WrongAnswer and ServerGone."""
        if self.running.service.bare and workload.name != "get":
            raise NotOffered("it answers everything the same")
        if workload.deletes:
            reset(self.running.database_url, deletable=True)
        try:
            return put_load(
                workload,
                port=self.running.port,
                processes=[self.running.pid],
                postgres_pid=self.postgres_pid,
                connections=connections,
                seconds=seconds,
            )
        finally:
            if workload.writes:
                reset(self.running.database_url)


def put_load(
    workload: Workload,
    *,
    port: int,
    processes: Sequence[int],
    postgres_pid: int,
    connections: int,
    seconds: float,
) -> Sample:
    """Put one workload to what listens on ``port`` and is made of these ``processes``.

    Raises NotOffered, WrongAnswer and ServerGone.
    """
    places = [Place(port, number, connections) for number in range(connections)]
    client = Client(port, [workload.requests(place) for place in places])
    try:
        _verify(client.load(_WARM_UP_SECONDS), workload)
        service_before = sum(map(cpu_seconds, processes))
        database_before = cpu_seconds(postgres_pid)
        client_before = time.process_time()
        load = client.load(seconds)
        client_cpu = time.process_time() - client_before
        service_cpu = sum(map(cpu_seconds, processes)) - service_before
        database_cpu = cpu_seconds(postgres_pid) - database_before
    finally:
        client.close()
    _verify(load, workload)
    return Sample(
        cpu_us=service_cpu / load.requests * 1e6,
        database_cpu_us=database_cpu / load.requests * 1e6,
        client_cpu_us=client_cpu / load.requests * 1e6,
        per_second=load.requests / load.seconds,
        p50_ms=percentile(load.latencies, 0.5) * 1e3,
        p99_ms=percentile(load.latencies, 0.99) * 1e3,
        response_bytes=load.received_bytes / load.requests,
    )


def _verify(load: Load, workload: Workload) -> None:
    right = _SUCCESSES if workload.status is None else (workload.status,)
    wrong = {status: count for status, count in load.statuses.items() if status not in right}
    if wrong or not load.requests:
        raise WrongAnswer(f"{workload.name}: answers {wrong or 'none'}")


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
    targets: Sequence[Target], plan: Plan, *, say: Callable[[str], None]
) -> Samples:
    """Each workload goes round the targets, so that a noisy minute meets all of them."""
    samples: Samples = {}
    for number in range(plan.rounds):
        # Nobody is always first, or always behind the same one.
        shift = number % len(targets)
        order = [*targets[shift:], *targets[:shift]]
        for workload, wanted in product(plan.workloads, plan.concurrency):
            say(f"round {number + 1} of {plan.rounds}: {workload.name}, connections: {wanted}")
            connections = min(wanted, workload.connections)
            seconds = plan.seconds if connections > 1 else plan.seconds / 2
            for target in order:
                try:
                    sample = target.measure(workload, connections=connections, seconds=seconds)
                except NotOffered:
                    continue
                samples.setdefault((target.name, workload.name, wanted), []).append(sample)
    return samples
