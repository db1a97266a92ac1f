"""The operations that tell whether the process answers and whether it can serve."""

import asyncio
import logging

from fastapi import FastAPI, Response

from application.errors import StorageUnavailable
from application.ports.storage import Storage
from entrypoints.http.errors import error_response
from entrypoints.http.openapi import NOT_READY, errors
from entrypoints.http.schemas import Health

logger = logging.getLogger(__name__)


def add_health_routes(app: FastAPI, storage: Storage) -> None:
    """Add the routes under ``/health``."""
    under_way: asyncio.Task[None] | None = None

    async def check_storage() -> None:
        # Every check takes a connection, and any client may ask: requests share one check.
        nonlocal under_way
        if under_way is None or under_way.done():
            under_way = asyncio.create_task(storage.check())
        await asyncio.shield(under_way)

    @app.get(
        "/health/live",
        tags=["health"],
        operation_id="live",
        summary="Tell whether the process answers",
        response_model=Health,
    )
    async def live() -> Response:
        return _healthy()

    @app.get(
        "/health/ready",
        tags=["health"],
        operation_id="ready",
        summary="Tell whether tasks can be served",
        response_model=Health,
        responses=errors(503),
    )
    async def ready() -> Response:
        try:
            await check_storage()
        except StorageUnavailable as error:
            logger.warning("not ready: %s", error)
            return error_response(503, NOT_READY)
        return _healthy()


def _healthy() -> Response:
    return Response(Health().model_dump_json(), media_type="application/json")
