"""The health checks of the process, the replica and the database."""

import asyncio
import logging

from fastapi import FastAPI, Request, Response

from application.errors import StorageUnavailable
from application.ports.storage import Storage
from entrypoints.http.errors import error_response
from entrypoints.http.openapi import DATABASE_OUT_OF_REACH, NOT_READY, errors
from entrypoints.http.schemas import Health
from entrypoints.server import STOPPING

logger = logging.getLogger(__name__)


def add_health_routes(app: FastAPI, storage: Storage, prepared: asyncio.Event) -> None:
    """Add the routes under ``/health``. ``prepared`` is set once the storage has been prepared."""
    under_way: asyncio.Task[None] | None = None

    async def check_storage() -> None:
        # Requests share one check, because a check takes a connection and any client can ask.
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
        summary="Tell whether this replica is to be sent requests",
        response_model=Health,
        responses=errors(503),
    )
    async def ready(request: Request) -> Response:
        # The database is not checked: its outage would make all replicas unready at once, and
        # clients would get the proxy's errors.
        stopping = request.scope.get("state", {}).get(STOPPING, False)
        return _healthy() if prepared.is_set() and not stopping else error_response(503, NOT_READY)

    @app.get(
        "/health/database",
        tags=["health"],
        operation_id="database",
        summary="Tell whether the database can serve tasks",
        response_model=Health,
        responses=errors(503),
    )
    async def database() -> Response:
        try:
            await check_storage()
        except StorageUnavailable as error:
            logger.warning("the database cannot serve tasks: %s", error)
            return error_response(503, DATABASE_OUT_OF_REACH)
        return _healthy()


def _healthy() -> Response:
    return Response(Health().model_dump_json(), media_type="application/json")
