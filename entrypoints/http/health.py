"""Whether the process lives, and whether it can serve."""

import asyncio
import logging

from fastapi import APIRouter, Response

from application.errors import StorageUnavailable
from application.ports.storage import Storage
from entrypoints.http.direct_route import DirectRoute
from entrypoints.http.errors import NOT_READY, error_response
from entrypoints.http.openapi import errors
from entrypoints.http.schemas import Health

logger = logging.getLogger(__name__)


def health_router(storage: Storage) -> APIRouter:
    """The routes under ``/health``."""
    router = APIRouter(prefix="/health", tags=["health"], route_class=DirectRoute)
    under_way: asyncio.Task[None] | None = None

    async def check_storage() -> None:
        # Anybody may ask, and every check takes a connection: one serves all who ask meanwhile.
        nonlocal under_way
        if under_way is None or under_way.done():
            under_way = asyncio.create_task(storage.check())
        await asyncio.shield(under_way)

    @router.get(
        "/live",
        operation_id="live",
        summary="Tell whether the process answers",
        response_model=Health,
    )
    async def live() -> Response:
        return _healthy()

    @router.get(
        "/ready",
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

    return router


def _healthy() -> Response:
    return Response(Health().model_dump_json(), media_type="application/json")
