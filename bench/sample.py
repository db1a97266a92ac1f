"""What a measurement yields, and what can be measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.workloads import Workload


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


class Target(Protocol):
    """Something that can be measured."""

    @property
    def name(self) -> str:
        """Its name in tables."""

    def measure(self, workload: Workload, *, connections: int, seconds: float) -> Sample:
        """Put a workload to it. Raises NotOffered."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that ``share`` of the ordered ones do not exceed."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
