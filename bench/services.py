"""The services that are measured, and how each is started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from bench.data import SECRET, SMALL_USERS
from bench.installed import PEERS, ROOT, Installed
from bench.processes import cpu_seconds, resident_bytes, running
from tests.ports import free_port

_START_SECONDS: Final = 60
_LOOK_EVERY_SECONDS: Final = 0.005


@dataclass(frozen=True)
class Service:
    """One of the services: its name in tables, what it is, and the command that starts it."""

    name: str
    about: str
    command: tuple[str, ...]
    """``{scripts}`` is where Python's programs are, ``{port}`` the port."""
    bare: bool = False
    """It answers whatever it is asked; no contract, no tasks."""


def _uvicorn(module: str) -> tuple[str, ...]:
    return (
        *("{scripts}/uvicorn", f"bench.peers.{module}:app", "--app-dir", str(ROOT)),
        *("--port", "{port}", "--no-access-log", "--log-level", "warning"),
    )


_ALL: Final = [
    Service(
        "ours",
        "this service",
        ("{scripts}/tasks-api", "serve", "--host", "127.0.0.1", "--port", "{port}"),
    ),
    Service("sync", "(a) FastAPI + SQLModel sessions", _uvicorn("fastapi_sync")),
    Service("async", "(b) FastAPI + SQLModel AsyncSession", _uvicorn("fastapi_async")),
    Service("hono", "(c) Hono + postgres.js + jose", ("node", str(PEERS / "hono.mjs"))),
    Service("fastify", "(d) Fastify + pg + fast-jwt", ("node", str(PEERS / "fastify.mjs"))),
    Service(
        "floor", "uvicorn, PyJWT and one statement, nothing else", _uvicorn("floor"), bare=True
    ),
    Service("hello", "a bare ASGI application under uvicorn", _uvicorn("hello"), bare=True),
]
SERVICES: Final = {service.name: service for service in _ALL}


@dataclass(frozen=True)
class Start:
    """What it took until a service answered, and what it then holds."""

    seconds: float
    cpu_seconds: float
    resident_bytes: int


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    service: Service
    pid: int
    port: int
    database_url: str
    start: Start


class DidNotStart(Exception):
    """A service did not answer. The message is what it said."""


@contextmanager
def started(
    service: Service, installed: Installed, database_url: str, folder: Path
) -> Iterator[Running]:
    """Start a service and return once it answers with somebody's tasks."""
    port = free_port()
    environment = {
        "NEON_DB_URL": database_url,
        "BETTER_AUTH_SECRET": SECRET,
        "PORT": str(port),
        "NODE_ENV": "production",
    }
    values = {"scripts": installed.scripts, "port": port}
    command = [part.format_map(values) for part in service.command]
    log = folder / f"{service.name}.log"
    before = time.perf_counter()
    with running(command, environment, cwd=folder, log=log) as process:
        try:
            _wait_until_ready(port)
        except TimeoutError as error:
            raise DidNotStart(f"{service.name} did not start:\n{log.read_text()}") from error
        start = Start(
            time.perf_counter() - before, cpu_seconds(process.pid), resident_bytes(process.pid)
        )
        yield Running(service, process.pid, port, database_url, start)


def _wait_until_ready(port: int) -> None:
    user = SMALL_USERS[0]
    headers = {"Authorization": f"Bearer {user.token}"}
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(user.path).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_LOOK_EVERY_SECONDS)
    raise TimeoutError
