"""The PostgreSQL that all services share, each in a database of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from adapters.embedded.server import EmbeddedPostgres
from adapters.postgres.database import Database
from bench.data import seed
from tests.ports import free_port

TEMPLATE: Final = "tasks"

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    # Neither the disk nor a background worker is what is measured.
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
    """A running server."""

    pid: int
    port: int

    def url(self, name: str) -> str:
        """The URL of one of its databases, over TCP as in production."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    @property
    def version(self) -> str:
        """Such as 18.6."""
        with psycopg.connect(self.url("postgres")) as connection:
            [(version,)] = connection.execute("SHOW server_version").fetchall()
            return str(version)


@contextmanager
def server(folder: Path, **settings: str) -> Iterator[Server]:
    """Start a server on new data."""
    port = free_port()
    with EmbeddedPostgres(folder, {**SETTINGS, "port": str(port), **settings}):
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        yield Server(pid, port)


def make_template(server: Server) -> None:
    """Fill the database that each service gets a copy of."""
    url = server.url(TEMPLATE)
    asyncio.run(Database(url=url, users_table="users").prepare())
    seed(url)


def copy_template(server: Server, name: str) -> str:
    """The URL of a copy."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    return server.url(name)
