"""One period of load: a workload that is sent to one service for some seconds."""

import time
from collections.abc import Sequence
from typing import Final

from bench.figures.sample import Sample, percentile
from bench.load.client import Client, Load
from bench.load.tokens import Signing
from bench.load.workloads import Place, Workload
from bench.targets.processes import cpu_seconds

_WARM_UP_SECONDS: Final = 0.25
_SUCCESSES: Final = range(200, 300)


class WrongAnswer(Exception):
    """A response has a status that the workload does not expect."""


def put_load(
    workload: Workload,
    *,
    port: int,
    processes: Sequence[int],
    postgres_pid: int,
    connections: int,
    seconds: float,
    signing: Signing = Signing.HS256,
) -> Sample:
    """Send one workload to the service that listens on ``port`` and consists of ``processes``.

    Raises NotOffered, WrongAnswer and ServerGone.
    """
    places = [Place(port, number, connections, signing) for number in range(connections)]
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
