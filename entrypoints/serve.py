"""The command ``serve``: check the settings, prepare the storage, then serve the API."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from application.errors import StorageUnavailable
from application.ports.storage import Storage
from entrypoints.container import Container
from entrypoints.release import NAME
from entrypoints.server.listening import require_available
from entrypoints.server.serve import serve as serve_asgi
from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry.enabled import telemetry_class

_PREPARE_WITHIN_SECONDS: Final = 5
"""How long the start waits for the storage. The application then retries without limit."""

_SOURCES: Final = ("domain", "application", "adapters", "entrypoints")

logger = logging.getLogger(__name__)


def serve(container: Container, *, host: str, port: int, workers: int, reload: bool) -> None:
    """Serve until a signal.

    Raises AddressUnavailable, InvalidConfiguration, InvalidSettings, SchemaConflict.
    If the storage cannot be reached, start nevertheless: the application retries.
    """
    require_telemetry(container.settings(), workers)
    container.token_verifier()
    # Checked before the database is changed; the server checks it again.
    require_available(host, port)
    logger.info("%s starts, %d process%s", NAME, workers, "" if workers == 1 else "es")
    _prepare_first(container.storage())
    root = Path(__file__).parent.parent
    serve_asgi(
        "entrypoints.asgi:create",
        protocol="entrypoints.api_protocol:ApiProtocol",
        host=host,
        port=port,
        workers=workers,
        reload_folders=[root / source for source in _SOURCES] if reload else [],
    )


def require_telemetry(settings: Settings, workers: int) -> None:
    """Raise InvalidSettings if telemetry is on and does not work with ``workers`` processes."""
    telemetry_class(settings)
    if settings.metrics_port is not None and workers > 1:
        raise InvalidSettings(
            "METRICS_PORT shows the numbers of one process and cannot be shared by "
            f"{workers} workers: set OTEL_EXPORTER_OTLP_ENDPOINT instead, to which every worker "
            "sends its own, or start more services with one worker each"
        )


def _prepare_first(storage: Storage) -> None:
    # asyncio.run would wait for a thread that resolves a name, which cannot be cancelled.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_prepare(storage))
    finally:
        loop.close()


async def _prepare(storage: Storage) -> None:
    try:
        await storage.prepare(within=_PREPARE_WITHIN_SECONDS)
    except StorageUnavailable as error:
        # The application logs it, too, and retries.
        logger.debug("starting all the same: %s", error)
    finally:
        await storage.close()
