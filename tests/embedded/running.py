"""Queries to a server, and processes that own one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_OWNER = """
import signal, sys
from pathlib import Path
from adapters.embedded.server import EmbeddedPostgres

signal.signal(signal.SIGINT, lambda *_: None)
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def owner_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns `folder`. It has its own process group and survives SIGINT.

    It stops its server in order at the end, when its input is closed.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as owner:
        yield owner


def read_url(owner: subprocess.Popen[str]) -> str:
    """The URL that the owner prints once its server accepts connections."""
    assert owner.stdout is not None
    return owner.stdout.readline().strip()


def server_pid(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def query(url: str, statement: str) -> list[object]:
    """Return the first column of a statement's rows."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return [row[0] for row in cursor] if cursor.description else []
