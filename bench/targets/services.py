"""The measured services, and how to start them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import httpx

from bench.load import tokens
from bench.load.tokens import Signing
from bench.load.users import SMALL_USERS
from bench.loopback import serve
from bench.targets.installation import PEERS, ROOT, Installed
from bench.targets.processes import cpu_seconds, resident_bytes, running
from tests.ports import free_port

_START_SECONDS: Final = 60
_POLL_EVERY_SECONDS: Final = 0.005


@dataclass(frozen=True)
class Service:
    """A service: its name in tables, its description, and the command that starts it."""

    name: str
    about: str
    command: tuple[str, ...]
    """``{scripts}`` and ``{baseline}`` stand for folders of Installed, ``{port}`` for the port."""
    signing: Signing = Signing.HS256
    settings: tuple[tuple[str, str], ...] = ()
    """More settings. ``{collector}`` and ``{metrics_port}`` are placeholders."""
    bare: bool = False
    """Every response is the same, so the contract is not checked."""
    by_default: bool = True
    """Whether it is measured by default."""

    @property
    def of_baseline(self) -> bool:
        """Whether it belongs to another checkout, which may have another schema."""
        return self.command[0].startswith("{baseline}")

    @property
    def on_node(self) -> bool:
        """Whether it runs on Node.js."""
        return self.command[0] == "node"


def _uvicorn(module: str) -> tuple[str, ...]:
    return (
        *("{scripts}/uvicorn", f"bench.peers.{module}:app", "--app-dir", str(ROOT)),
        *("--port", "{port}", "--no-access-log", "--log-level", "warning"),
    )


def _tasks_api(scripts: str) -> tuple[str, ...]:
    return (f"{scripts}/tasks-api", "serve", "--host", "127.0.0.1", "--port", "{port}")


def _node(file: str) -> tuple[str, ...]:
    return ("node", str(PEERS / file))


def _with_key_set(service: Service) -> Service:
    return replace(
        service,
        name=service.name + KEY_SET_SUFFIX,
        about=f"{service.about}; tokens are signed with EdDSA and verified by a key set",
        signing=Signing.EDDSA,
    )


def _with_telemetry(service: Service) -> list[Service]:
    return [
        replace(
            service,
            name=f"{service.name}-{kind}",
            about=f"{service.about}; {about}",
            settings=settings,
            by_default=False,
        )
        for kind, about, settings in _TELEMETRY
    ]


_COLLECTOR: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "{collector}")
_ONE_IN_A_HUNDRED: Final = (
    ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
)
_TELEMETRY: Final = (
    ("metrics", "METRICS_PORT is set", (("METRICS_PORT", "{metrics_port}"),)),
    ("sampled", "metrics, and traces of 1 in 100", (_COLLECTOR, *_ONE_IN_A_HUNDRED)),
    ("traced", "metrics, and traces of all", (_COLLECTOR,)),
)

KEY_SET_SUFFIX: Final = "-eddsa"

_OURS: Final = Service("ours", "this service", _tasks_api("{scripts}"))
_BASELINE: Final = Service("baseline", "another checkout of this service", _tasks_api("{baseline}"))
_HONO: Final = Service("hono", "(c) Hono + postgres.js + jose", _node("hono.mjs"))
_FASTIFY: Final = Service("fastify", "(d) Fastify + pg + fast-jwt", _node("fastify.mjs"))

_ALL: Final = [
    _OURS,
    _BASELINE,
    Service("sync", "(a) FastAPI + SQLModel sessions", _uvicorn("fastapi_sync")),
    Service("async", "(b) FastAPI + SQLModel AsyncSession", _uvicorn("fastapi_async")),
    _HONO,
    _FASTIFY,
    Service(
        "floor", "uvicorn, PyJWT and one statement, nothing else", _uvicorn("floor"), bare=True
    ),
    Service("hello", "a bare ASGI application under uvicorn", _uvicorn("hello"), bare=True),
    *map(_with_key_set, (_OURS, _BASELINE, _HONO, _FASTIFY)),
    *_with_telemetry(_OURS),
    *_with_telemetry(_BASELINE),
]
SERVICES: Final = {service.name: service for service in _ALL}


@dataclass(frozen=True)
class Start:
    """Time and processor time until the first response, and the memory at that moment."""

    seconds: float
    cpu_seconds: float
    resident_bytes: int


@dataclass(frozen=True)
class Running:
    """A service that has started."""

    service: Service
    pid: int
    port: int
    database_url: str
    start: Start


class DidNotStart(Exception):
    """A service did not start. The message is its output."""


@cache
def _collector_url() -> str:
    """Serve a collector that keeps nothing, once, and return its URL."""
    return serve()


@contextmanager
def started(
    service: Service, installed: Installed, database_url: str, folder: Path
) -> Iterator[Running]:
    """Run a service; the block begins after a response with a user's tasks."""
    port = free_port()
    telemetry = {"collector": _collector_url(), "metrics_port": free_port()}
    environment = {
        "NEON_DB_URL": database_url,
        **{name: text.format_map(telemetry) for name, text in service.settings},
        **tokens.settings(service.signing),
        "PORT": str(port),
        "NODE_ENV": "production",
    }
    values = {
        "scripts": installed.scripts,
        "baseline": installed.baseline_scripts,
        "port": port,
    }
    command = [part.format_map(values) for part in service.command]
    log = folder / f"{service.name}.log"
    before = time.perf_counter()
    with running(command, environment, cwd=folder, log=log) as process:
        try:
            _wait_until_ready(port, service.signing)
        except TimeoutError as error:
            raise DidNotStart(f"{service.name} did not start:\n{log.read_text()}") from error
        start = Start(
            time.perf_counter() - before, cpu_seconds(process.pid), resident_bytes(process.pid)
        )
        yield Running(service, process.pid, port, database_url, start)


def _wait_until_ready(port: int, signing: Signing) -> None:
    user = SMALL_USERS[0]
    headers = {"Authorization": f"Bearer {tokens.token(user.id, signing)}"}
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        while time.monotonic() < deadline:
            try:
                if client.get(user.path).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_POLL_EVERY_SECONDS)
    raise TimeoutError
