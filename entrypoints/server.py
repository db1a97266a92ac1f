"""Serving: prepare the storage, then hand the application to uvicorn."""

import asyncio
import logging
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvicorn

from application.errors import StorageUnavailable
from application.ports.storage import Storage
from entrypoints import processes
from entrypoints.container import Container
from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry.enabled import telemetry_class

_PREPARE_WITHIN_SECONDS: Final = 5
"""How long the start waits for the storage; the application goes on trying, however long."""

GRACE_SECONDS: Final = 9
"""How long a stopping server waits for the requests that it is answering."""

_HEALTHCHECK_SECONDS: Final = 30
"""How long a worker may be silent before it is killed. It is silent while it starts, too, which on
a busy machine takes many times the seconds that it takes on an idle one."""

_SOURCES: Final = ("domain", "application", "adapters", "entrypoints")

logger = logging.getLogger(__name__)


def serve(container: Container, *, host: str, port: int, workers: int, reload: bool) -> None:
    """Serve until a signal ends it. Raises SchemaConflict, InvalidConfiguration, InvalidSettings.

    A storage that is out of reach is no reason not to start: the application keeps trying.
    """
    # First: a container's first process never hears of a signal that it does not handle. And
    # uvicorn ends with the signal that stopped it, which would look like a crash.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _require_telemetry(container.settings(), workers)
    container.token_verifier()
    _allow_many_connections()
    _prepare_first(container.storage())
    root = Path(__file__).parent.parent
    config = uvicorn.Config(
        "entrypoints.asgi:create",
        factory=True,
        http="entrypoints.http.protocol:Protocol",
        ws="none",
        lifespan="on",
        host=host,
        port=port,
        workers=workers,
        reload=reload,
        reload_dirs=[str(root / source) for source in _SOURCES] if reload else None,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=_HEALTHCHECK_SECONDS,
        log_config=None,
        # RequestLog writes them, with more in them.
        access_log=False,
        server_header=False,
    )
    processes.run(config)


def _allow_many_connections() -> None:
    # Many systems start a program with 1,024 files, of which a connection is one, and let it take
    # more; at the limit, clients and PostgreSQL alike are out of reach.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says "unlimited" and does not mean it.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _require_telemetry(settings: Settings, workers: int) -> None:
    telemetry_class(settings)
    if settings.metrics_port is not None and workers > 1:
        raise InvalidSettings(
            "METRICS_PORT shows the numbers of one process and cannot be shared by "
            f"{workers} workers: set OTEL_EXPORTER_OTLP_ENDPOINT instead, to which every worker "
            "sends its own, or start more services with one worker each"
        )


def _prepare_first(storage: Storage) -> None:
    # asyncio.run would wait for what cannot be cancelled: a name that nobody resolves.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_prepare(storage))
    finally:
        loop.close()


async def _prepare(storage: Storage) -> None:
    try:
        await storage.prepare(within=_PREPARE_WITHIN_SECONDS)
    except StorageUnavailable as error:
        logger.warning("the storage is not ready, starting all the same: %s", error)
    finally:
        await storage.close()
