"""The PostgreSQL server of all services; each service has its own database."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from adapters.embedded.server import EmbeddedPostgres
from bench.load import tokens
from bench.load.users import seed
from tests.ports import free_port

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # Exclude the disk and background workers from the measurements.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "30min",
    "max_wal_size": "4GB",
    "shared_buffers": "512MB",
    "jit": "off",
}


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL server."""

    pid: int
    port: int

    def url(self, name: str) -> str:
        """Return the URL of a database, over TCP as in production."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @property
    def version(self) -> str:
        """The version, such as 18.6."""
        with psycopg.connect(self.url("postgres")) as connection:
            [(version,)] = connection.execute("SHOW server_version").fetchall()
            return str(version)


@contextmanager
def server(folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server on a new data folder."""
    port = free_port()
    with EmbeddedPostgres(folder, {**SETTINGS, "port": str(port), **settings}):
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        yield Server(pid, port)


def create_migrated(server: Server, name: str, scripts: Path) -> str:
    """Create a database, migrate it with the ``tasks-api`` in ``scripts``, and return its URL."""
    url = _create(server, name)
    settings = {**tokens.settings(tokens.Signing.HS256), "NEON_DB_URL": url}
    subprocess.run(
        [scripts / "tasks-api", "migrate"], check=True, env={**os.environ, **settings}, cwd=scripts
    )
    return url


def create_template(server: Server, name: str, scripts: Path) -> None:
    """Create a database with the users and tasks of the benchmark, for ``create_copy``."""
    seed(create_migrated(server, name, scripts))


def create_copy(server: Server, name: str, template: str) -> str:
    """Create a copy of the database ``template`` and return its URL."""
    return _create(server, name, f"TEMPLATE {template}")


def _create(server: Server, name: str, options: str = "") -> str:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" {options}'.encode())
    return server.url(name)
