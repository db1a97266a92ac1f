"""The results of a run, as tables and as JSON."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.figures.rounds import Samples
from bench.figures.sample import Sample
from bench.targets.services import KEY_SET_SUFFIX, Service, Start

_MEBIBYTE = 1 << 20
_NONE = "–"

Value = Callable[[Sample], float]


@dataclass(frozen=True)
class ServiceFacts:
    """A service, its starts, and its peak of memory."""

    service: Service
    starts: Sequence[Start]
    peak_bytes: int


@dataclass(frozen=True)
class Results:
    """The samples of a run, with the facts that explain them."""

    facts: dict[str, str]
    targets: dict[str, str]
    """The columns: name and description."""
    services: Sequence[ServiceFacts]
    samples: Samples
    rounds: int
    seconds: float

    def plain(self) -> dict[str, Any]:
        """Return every sample in a form for JSON."""
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
        """Return tables of the medians over the rounds."""
        names = [*self.targets]
        many = max(connections for _, _, connections in self.samples)
        about = "\n".join(f"- {name}: {what}" for name, what in self.targets.items())
        return "\n\n".join(
            [
                "\n".join(f"{name}: {fact}  " for name, fact in self.facts.items()),
                f"Medians of {self.rounds} interleaved rounds of {self.seconds:g} s.\n\n{about}",
                f"### CPU of the service, µs per request, {many} connections",
                self._table(names, many, _value("cpu_us", 0)),
                *self._comparisons(names, many),
                f"### CPU of PostgreSQL, µs per request, {many} connections",
                self._table(names, many, _value("database_cpu_us", 0)),
                f"### Requests per second; p50 / p99 in ms, {many} connections",
                self._table(names, many, _throughput),
                "### One connection: p50 / p99 in ms; CPU of the service in µs",
                self._table(names, 1, _latency),
                *self._comparisons(names, 1),
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

    def _comparisons(self, names: list[str], connections: int) -> list[str]:
        columns = [
            (ours, theirs)
            for theirs in names
            for ours in names
            if ours == _ours_for(theirs) and ours != theirs
        ]
        if not columns:
            return []
        rows = []
        for workload in self._workloads(connections):
            cells = []
            for pair in columns:
                ours, theirs = (self.samples.get((name, workload, connections)) for name in pair)
                cells.append(f"{_ratio(ours, theirs):.2f}" if ours and theirs else _NONE)
            rows.append([workload, *cells])
        header = ["", *(f"{ours} / {theirs}" for ours, theirs in columns)]
        plural = "" if connections == 1 else "s"
        return [
            f"### CPU of this service divided by theirs, {connections} connection{plural}",
            markdown_table(header, rows),
        ]

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


def _ours_for(name: str) -> str:
    """Return the name of this service with the same kind of tokens."""
    return f"ours{KEY_SET_SUFFIX}" if name.endswith(KEY_SET_SUFFIX) else "ours"


def _ratio(ours: list[Sample], theirs: list[Sample]) -> float:
    # Round by round, because the machine's speed changes between rounds more than within one.
    return median(mine.cpu_us / its.cpu_us for mine, its in zip(ours, theirs, strict=True))


def _median(name: str, samples: list[Sample]) -> float:
    values: list[float] = [getattr(sample, name) for sample in samples]
    return median(values)


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers."""
    lines = [header, ["---", *(["---:"] * (len(header) - 1))], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
