"""The figures of one period of load, and the protocol of measured targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.load.workloads import Workload


@dataclass(frozen=True)
class Sample:
    """The figures of one period of load."""

    cpu_us: float
    """CPU time of the service's processes per request, in microseconds."""
    database_cpu_us: float
    """CPU time of PostgreSQL's processes per request."""
    client_cpu_us: float
    """CPU time of the load driver per request."""
    per_second: float
    p50_ms: float
    p99_ms: float
    response_bytes: float


class Target(Protocol):
    """A service, or a program in its place, to which workloads are sent."""

    @property
    def name(self) -> str:
        """The name in tables."""

    def measure(self, workload: Workload, *, connections: int, seconds: float) -> Sample:
        """Send a workload. Raises NotOffered."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of the ordered values do not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
