"""``make bench-scale``: measure how cost grows and print Markdown tables."""

import argparse
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psycopg

from bench.figures.sample import Sample
from bench.figures.tables import markdown_table
from bench.load.stretch import put_load
from bench.load.users import User, reset
from bench.load.workloads import WORKLOADS, Workload, list_of, pages_of
from bench.scale import rows
from bench.scale.deployments import Deployment, has_nginx, replicas, workers
from bench.targets import postgres
from bench.targets.installation import Installed, described, install
from bench.targets.processes import resident_bytes
from bench.targets.services import SERVICES, started

_CONNECTIONS: Final = (1, 4, 16, 64, 256, 1000)
_MANY: Final = 64
_PAGE: Final = 100
_TEMPLATE: Final = "template_ours"
_MEBIBYTE: Final = 1 << 20


def main() -> None:
    """Measure as the arguments say and print the tables."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    _allow_many_connections()
    installed = install(None, node=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tasks-api-bench-")))
        folder.chmod(0o755)
        server = stack.enter_context(postgres.server(folder / "postgres", max_wal_size="16GB"))
        for name, fact in {**described(installed), "PostgreSQL": server.version}.items():
            print(f"{name}: {fact}  ")
        if "rows" in options.only:
            _rows(server, options.largest, installed, folder)
        if {"connections", "processes"} & set(options.only):
            postgres.create_template(server, _TEMPLATE, installed.scripts)
        if "connections" in options.only:
            _connections(server, installed, folder, options.seconds)
        if "processes" in options.only:
            _processes(server, installed, folder, options.seconds)


def _rows(server: postgres.Server, largest: int, installed: Installed, folder: Path) -> None:
    found = {}
    for total in (total for total in rows.TOTALS if total <= largest):
        url = postgres.create_migrated(server, f"rows_{total}", installed.scripts)
        rows.fill(url, total)
        for owned in rows.OWNED:
            if owned * 5 <= total:
                found[total, owned] = rows.costs(url, rows.owner_of(owned))
        if total == rows.TOTALS[1]:
            lists = _long_lists(server, url, installed, folder)
        _execute(server, f"DROP DATABASE rows_{total}")
    print("\n### Statements, for a user with so many of so many tasks\n")
    print(rows.table(found))
    print("\nPlans for the largest: ")
    for name, cost in next(reversed(found.values())).items():
        print(f"- {name}: {cost.nodes} ({cost.rows:,} rows)")
    if largest >= rows.TOTALS[1]:
        print(f"\n### Requests of one user, in a table of {rows.TOTALS[1]:,}\n\n{lists}")


def _long_lists(server: postgres.Server, url: str, installed: Installed, folder: Path) -> str:
    lines = []
    for owned in rows.OWNED:
        owner = rows.owner_of(owned)
        user = User(owner, range(0))
        for name, requests in (
            (f"list of {owned:,}", list_of(user)),
            (f"page of {_PAGE} of {owned:,}, by title", pages_of(user, _PAGE)),
        ):
            with started(SERVICES["ours"], installed, url, folder) as service:
                sample = put_load(
                    Workload(name, requests),
                    port=service.port,
                    processes=[service.pid],
                    postgres_pid=server.pid,
                    connections=1,
                    seconds=3,
                )
                peak = resident_bytes(service.pid, peak=True) / _MEBIBYTE
            lines.append(
                [
                    name,
                    f"{sample.cpu_us / 1e3:,.2f}",
                    f"{sample.database_cpu_us / 1e3:,.2f}",
                    f"{sample.p50_ms:,.1f}",
                    f"{sample.response_bytes / _MEBIBYTE:,.2f}",
                    f"{peak:,.0f}",
                ]
            )
    header = ["", "service, ms CPU", "PostgreSQL, ms CPU", "p50 ms", "answer, MiB", "peak MiB"]
    return markdown_table(header, lines)


def _connections(
    server: postgres.Server, installed: Installed, folder: Path, seconds: float
) -> None:
    url = postgres.create_copy(server, "connections", _TEMPLATE)
    lines = []
    with started(SERVICES["ours"], installed, url, folder) as service:
        one = Deployment("1 worker", service.port, [service.pid])
        for connections in _CONNECTIONS:
            for name in ("list20", "mix"):
                sample = _load(
                    server, one, url=url, name=name, connections=connections, seconds=seconds
                )
                lines.append([f"{connections:,}, {name}", *_cells(sample)])
    print("\n### One worker, so many connections\n")
    print(markdown_table(["", *_HEADER], lines))


def _processes(server: postgres.Server, installed: Installed, folder: Path, seconds: float) -> None:
    url = postgres.create_copy(server, "processes", _TEMPLATE)
    deployments = [
        *((workers, count) for count in (1, 2, 4)),
        *((replicas, count) for count in (1, 2, 4) if has_nginx()),
    ]
    lines = []
    for deploy, count in deployments:
        with deploy(count, installed, url, folder) as deployment:
            for name in ("list20", "mix"):
                sample = _load(
                    server, deployment, url=url, name=name, connections=_MANY, seconds=seconds
                )
                lines.append([f"{deployment.name}, {name}", *_cells(sample)])
    print(f"\n### So many processes, {_MANY} connections\n")
    print(markdown_table(["", *_HEADER], lines))
    if not has_nginx():
        print("\nnginx is not installed: replicas were not measured.")


def _load(
    server: postgres.Server,
    deployment: Deployment,
    *,
    url: str,
    name: str,
    connections: int,
    seconds: float,
) -> Sample:
    reset(url, deletable=True)
    return put_load(
        WORKLOADS[name],
        port=deployment.port,
        processes=deployment.processes,
        postgres_pid=server.pid,
        connections=connections,
        seconds=seconds,
    )


_HEADER: Final = ["requests/s", "p50 ms", "p99 ms", "CPU µs", "PostgreSQL µs", "driver µs"]


def _cells(sample: Sample) -> Iterator[str]:
    yield f"{sample.per_second:,.0f}"
    yield f"{sample.p50_ms:,.1f}"
    yield f"{sample.p99_ms:,.1f}"
    yield f"{sample.cpu_us:,.0f}"
    yield f"{sample.database_cpu_us:,.0f}"
    yield f"{sample.client_cpu_us:,.0f}"


def _execute(server: postgres.Server, statement: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def _allow_many_connections() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-scale ARGS=", description=__doc__)
    parts = ["rows", "connections", "processes"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--largest", type=int, default=rows.TOTALS[-1], help="most rows")
    parser.add_argument("--seconds", type=float, default=3, help="of one stretch of load")
    return parser.parse_args()


if __name__ == "__main__":
    main()
