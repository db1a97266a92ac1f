"""The limit: pgbench, a client in C that only runs the service's statements, prepared."""

import os
import re
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from adapters.embedded.programs import find_programs
from adapters.postgres import statements
from adapters.postgres.statements import Statement
from bench.figures.sample import Sample, percentile
from bench.load.users import LARGE_USERS, SMALL_USERS, WRITERS, reset
from bench.load.workloads import MIX, NotOffered, Workload
from bench.targets.processes import cpu_seconds
from domain.listing import SortOrder, StatusFilter

# Wait for ending server processes, whose time is not counted for a moment.
_SETTLE_SECONDS: Final = 0.2

_PARAMETER: Final = re.compile(r"\$(\d+)")

# Each client looks up its users once. Its variables last as long as the client.
_LOOK_UP_USERS: Final = r"""
\if :known
\else
SELECT small, small_first, small_last, large, writer, writer_next
FROM pgbench_people WHERE client = :client_id \gset
\set known 1
\endif
"""
_PICK_TASK: Final = r"\set task_id random(:small_first, :small_last)"
_NEXT_TO_DELETE: Final = """\\set task_id :writer_next
\\set writer_next :writer_next + 1"""
_FLIP: Final = r"""
\if :completed
\set flipped false
\else
\set flipped true
\endif"""


def _statement(statement: Statement, end: str = ";", **names: str) -> str:
    """Return the statement with pgbench's variables; ``names`` renames some of them."""

    def variable(match: re.Match[str]) -> str:
        name = statement.parameters[int(match[1]) - 1]
        return f":{names.get(name, name)}"

    return _PARAMETER.sub(variable, statement.text.decode()).replace("\n", " ") + end


def _script(*parts: str) -> str:
    return "\n".join([_LOOK_UP_USERS, *parts, ""])


def _scripts() -> dict[str, str]:
    listing = statements.LIST[StatusFilter.ALL, SortOrder.CREATED]
    read = _statement(statements.SELECT_ONE, r" \gset", owner="small")
    changed = {"owner": "small", "seen": "updated_at", "now": "new_moment"}
    retitled = {"title": "new_title", "title_key": "new_title"}
    edit = _statement(statements.REPLACE, **changed, **retitled)
    toggle = _statement(statements.REPLACE, **changed, completed="flipped", title_key="title")
    create = {"owner": "writer", "description": "new_title", **retitled}
    return {
        "list20": _script(_statement(listing, owner="small")),
        "list1000": _script(_statement(listing, owner="large")),
        "get": _script(_PICK_TASK, _statement(statements.SELECT_ONE, owner="small")),
        "create": _script(_statement(statements.INSERT, **create, now="new_moment")),
        "edit": _script(_PICK_TASK, read, edit),
        "toggle": _script(_PICK_TASK, read, _FLIP, toggle),
        "delete": _script(_NEXT_TO_DELETE, _statement(statements.DELETE, owner="writer")),
    }


def _create_people(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE pgbench_people (client int PRIMARY KEY, small text, small_first bigint,"
            " small_last bigint, large text, writer text, writer_next bigint)"
        )
        for client, (small, writer) in enumerate(zip(SMALL_USERS, WRITERS, strict=True)):
            large = LARGE_USERS[client % len(LARGE_USERS)]
            first, last = small.task_ids[0], small.task_ids[-1]
            row = (client, small.id, first, last, large.id, writer.id, writer.task_ids[0])
            connection.execute("INSERT INTO pgbench_people VALUES (%s,%s,%s,%s,%s,%s,%s)", row)


@dataclass(frozen=True)
class Pgbench:
    """pgbench on its own database. Its processor time counts as the service's."""

    program: Path
    url: str
    folder: Path
    postgres_pid: int

    name = "pgbench"

    @classmethod
    def on(cls, url: str, folder: Path, postgres_pid: int) -> "Pgbench":
        """Prepare the database at ``url``. Scripts and logs are written into the folder."""
        _create_people(url)
        for name, script in _scripts().items():
            (folder / f"{name}.sql").write_text(script)
        return cls(find_programs(folder).folder / "pgbench", url, folder, postgres_pid)

    def measure(self, workload: Workload, *, connections: int, seconds: float) -> Sample:
        """Run one workload. Raises NotOffered if the workload is about HTTP."""
        parts = MIX if workload.name == "mix" else {workload.name: 1}
        files = [f"--file={self.folder / name}.sql@{share}" for name, share in parts.items()]
        if not all((self.folder / f"{name}.sql").exists() for name in parts):
            raise NotOffered(workload.name)
        if workload.deletes:
            reset(self.url, deletable=True)
        variables = {"known": "0", "new_title": "Buy milk", "new_moment": "2026-11-21 00:00:00Z"}
        time.sleep(_SETTLE_SECONDS)
        database_before = cpu_seconds(self.postgres_pid)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [
                *(self.program, "--no-vacuum", "--protocol=prepared", f"--client={connections}"),
                *(f"--time={max(1, round(seconds))}", "--log", *files),
                *(f"--define={name}={value}" for name, value in variables.items()),
                self.url,
            ],
            cwd=self.folder,
            env={**os.environ, "PGOPTIONS": ""},
            check=True,
            capture_output=True,
        )
        time.sleep(_SETTLE_SECONDS)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        database_cpu = cpu_seconds(self.postgres_pid) - database_before
        if workload.writes:
            reset(self.url)
        latencies = self._logged_latencies()
        requests = len(latencies)
        client_cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Sample(
            cpu_us=client_cpu / requests * 1e6,
            database_cpu_us=database_cpu / requests * 1e6,
            client_cpu_us=0,
            per_second=requests / max(1, round(seconds)),
            p50_ms=percentile(latencies, 0.5) * 1e3,
            p99_ms=percentile(latencies, 0.99) * 1e3,
            response_bytes=0,
        )

    def _logged_latencies(self) -> list[float]:
        latencies = []
        for log in self.folder.glob("pgbench_log.*"):
            # client, number, latency in microseconds, …
            latencies += [int(line.split()[2]) / 1e6 for line in log.read_text().splitlines()]
            log.unlink()
        return sorted(latencies)
