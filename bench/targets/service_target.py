"""A running service as a target of workloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures.sample import Sample
from bench.load.stretch import put_load
from bench.load.users import reset
from bench.load.workloads import NotOffered, Workload
from bench.targets.services import Running

_WARM_UP_SECONDS: Final = 2


@dataclass(frozen=True)
class ServiceTarget:
    """A running service and its PostgreSQL server."""

    running: Running
    postgres_pid: int

    @property
    def name(self) -> str:
        """The name of the service."""
        return self.running.service.name

    def warm_up(self, workloads: Sequence[Workload]) -> None:
        """Send load that is not measured: the first seconds of Node.js cost twice as much."""
        if self.running.service.bare:
            return
        for workload in workloads:
            at_once = workload.connections
            self.measure(workload, connections=at_once, seconds=_WARM_UP_SECONDS)

    def measure(self, workload: Workload, *, connections: int, seconds: float) -> Sample:
        """Send one workload. Raises NotOffered, WrongAnswer and ServerGone."""
        if self.running.service.bare and workload.name != "get":
            raise NotOffered("it answers every request the same")
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
                signing=self.running.service.signing,
            )
        finally:
            if workload.writes:
                reset(self.running.database_url)
