"""The tables."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.measuring import Samples
from bench.sample import Sample
from bench.services import Service, Start

_MEBIBYTE = 1 << 20
_NONE = "–"

Value = Callable[[Sample], float]


@dataclass(frozen=True)
class ServiceFacts:
    """A service, its starts, and the most memory that it had."""

    service: Service
    starts: Sequence[Start]
    peak_bytes: int


@dataclass(frozen=True)
class Results:
    """Everything that was measured."""

    facts: dict[str, str]
    targets: dict[str, str]
    """The columns: names, and what they are."""
    services: Sequence[ServiceFacts]
    samples: Samples
    rounds: int
    seconds: float

    def plain(self) -> dict[str, Any]:
        """Every sample, for JSON."""
        return {
            "facts": self.facts,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "targets": self.targets,
            "services": {
                facts.service.name: {
                    "starts": [asdict(start) for start in facts.starts],
                    "peak_bytes": facts.peak_bytes,
                }
                for facts in self.services
            },
            "samples": [
                {
                    "service": service,
                    "workload": workload,
                    "connections": connections,
                    "samples": [asdict(sample) for sample in samples],
                }
                for (service, workload, connections), samples in self.samples.items()
            ],
        }

    def markdown(self) -> str:
        """Medians over the rounds, as tables."""
        names = [*self.targets]
        many = max(connections for _, _, connections in self.samples)
        about = "\n".join(f"- {name}: {what}" for name, what in self.targets.items())
        return "\n\n".join(
            [
                "\n".join(f"{name}: {fact}  " for name, fact in self.facts.items()),
                f"Medians of {self.rounds} interleaved rounds of {self.seconds:g} s.\n\n{about}",
                f"### CPU of the service, µs per request, {many} connections",
                self._table(names, many, _value("cpu_us", 0)),
                *self._comparison(names, many),
                f"### CPU of PostgreSQL, µs per request, {many} connections",
                self._table(names, many, _value("database_cpu_us", 0)),
                f"### Requests per second; p50 / p99 in ms, {many} connections",
                self._table(names, many, _throughput),
                "### One connection: p50 / p99 in ms; CPU of the service in µs",
                self._table(names, 1, _latency),
                "### Memory and start",
                self._starts(),
            ]
        )

    def _table(
        self, names: list[str], connections: int, cell: Callable[[list[Sample]], str]
    ) -> str:
        rows = []
        for workload in self._workloads(connections):
            found = [self.samples.get((name, workload, connections)) for name in names]
            rows.append([workload, *(cell(samples) if samples else _NONE for samples in found)])
        return markdown_table(["", *names], rows)

    def _comparison(self, names: list[str], connections: int) -> list[str]:
        peers = [name for name in names if name != "ours"]
        if len(peers) == len(names):
            return []
        rows = []
        for workload in self._workloads(connections):
            ours = self.samples.get(("ours", workload, connections))
            row = [workload]
            for name in peers:
                theirs = self.samples.get((name, workload, connections))
                row.append(f"{_cpu(ours) / _cpu(theirs):.2f}" if ours and theirs else _NONE)
            rows.append(row)
        return ["### Ours as a part of theirs (CPU)", markdown_table(["", *peers], rows)]

    def _starts(self) -> str:
        rows = [
            [
                facts.service.name,
                f"{median(start.resident_bytes for start in facts.starts) / _MEBIBYTE:.0f}",
                f"{facts.peak_bytes / _MEBIBYTE:.0f}",
                f"{median(start.seconds for start in facts.starts) * 1e3:.0f}",
                f"{median(start.cpu_seconds for start in facts.starts) * 1e3:.0f}",
            ]
            for facts in self.services
        ]
        header = ["", "MiB at rest", "MiB at most", "ms until it answers", "ms CPU until then"]
        return markdown_table(header, rows)

    def _workloads(self, connections: int) -> Iterable[str]:
        return dict.fromkeys(
            workload for _, workload, at_once in self.samples if at_once == connections
        )


def _value(name: str, digits: int) -> Callable[[list[Sample]], str]:
    return lambda samples: f"{_median(name, samples):,.{digits}f}"


def _throughput(samples: list[Sample]) -> str:
    rate = _median("per_second", samples)
    return f"{rate:,.0f}; {_median('p50_ms', samples):.1f} / {_median('p99_ms', samples):.1f}"


def _latency(samples: list[Sample]) -> str:
    latency = f"{_median('p50_ms', samples):.2f} / {_median('p99_ms', samples):.2f}"
    return f"{latency}; {_median('cpu_us', samples):,.0f}"


def _cpu(samples: list[Sample]) -> float:
    return _median("cpu_us", samples)


def _median(name: str, samples: list[Sample]) -> float:
    values: list[float] = [getattr(sample, name) for sample in samples]
    return median(values)


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [header, ["---", *(["---:"] * (len(header) - 1))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
