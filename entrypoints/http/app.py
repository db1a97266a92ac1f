"""The FastAPI application: routes and middleware around the use cases of one container."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from application.errors import ApplicationError, KeysUnavailable
from application.ports.storage import Storage
from application.ports.token_verifier import TokenExaminer
from entrypoints.container import Container
from entrypoints.http.cors import Cors
from entrypoints.http.docs_page import add_docs_page
from entrypoints.http.errors import ErrorHandler
from entrypoints.http.health_routes import add_health_routes
from entrypoints.http.last_resort import LastResort
from entrypoints.http.openapi import DocumentedApi
from entrypoints.http.request_log import RequestLog
from entrypoints.http.route import owned_route
from entrypoints.http.task_routes import add_task_routes
from entrypoints.release import VERSION

if TYPE_CHECKING:
    # Imported at run time only if telemetry is on, because it imports OpenTelemetry's SDK.
    from entrypoints.telemetry.telemetry import Telemetry

_PREPARE_FIRST_SECONDS: Final = 2.0
"""How long a starting process waits for its storage before it accepts requests."""

_COLLECT_AFTER: Final = 20_000
"""Number of new objects after which the garbage collector runs."""

_PREPARE_AGAIN_SECONDS: Final = 1.0
_PREPARE_AGAIN_MOST_SECONDS: Final = 15.0

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}

logger = logging.getLogger(__name__)


def create_app(container: Container, telemetry: "Telemetry | None" = None) -> FastAPI:
    """Return an application that uses the adapters of ``container``, which is resolved here, once.

    The container is kept at ``app.state.container``. At startup the storage is prepared in the
    background, with retries until that succeeds. At shutdown it is closed. ``telemetry`` observes
    every request and is closed last.
    """
    storage = container.storage()
    verifier = container.token_verifier()
    use_cases = container.task_use_cases()
    prepared = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # The objects that exist now are permanent: exclude them from garbage collection.
        gc.collect()
        gc.freeze()
        # With Python's default of 700 the collector would run several times during one list.
        gc.set_threshold(_COLLECT_AFTER)
        logger.info(verifier.requirements)
        if telemetry is not None:
            telemetry.start()
        preparation = asyncio.create_task(_prepare(storage, prepared))
        fetching = asyncio.create_task(_fetch_keys(verifier))
        # Accept clients only when the storage is ready, or after a limit: until then other
        # processes accept them, or they wait. Both are better for them than an error.
        await asyncio.wait([preparation], timeout=_PREPARE_FIRST_SECONDS)
        try:
            yield
        finally:
            # Closed first, so that a preparation that is under way ends at once.
            await storage.close()
            for task in (preparation, fetching):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            if telemetry is not None:
                await telemetry.close()

    errors = ErrorHandler(None if telemetry is None else telemetry.request_failed)
    app = DocumentedApi(
        title="tasks-api",
        version=VERSION,
        summary="The tasks of signed-in users.",
        lifespan=lifespan,
        middleware=[
            Middleware(RequestLog),
            Middleware(Cors, origins=container.settings().cors_origins),
            Middleware(LastResort, handler=errors),
        ],
        exception_handlers=errors.by_exception,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY if telemetry is None else telemetry.of_requests,
    )
    app.router.route_class = owned_route(verifier)
    # Added to the application itself: FastAPI matches requests to an included router twice.
    add_task_routes(app, use_cases)
    add_health_routes(app, storage, prepared)
    add_docs_page(app)
    _add_head_routes(app)
    _add_routes_with_trailing_slash(app)
    # Routes are matched in order: put FastAPI's own, with the OpenAPI document, last.
    app.router.routes.sort(key=lambda route: not isinstance(route, APIRoute))
    app.state.container = container
    return app


def _add_head_routes(app: FastAPI) -> None:
    # Separate routes, because FastAPI documents every method of a route. The server omits the body.
    for route in [route for route in app.routes if isinstance(route, APIRoute)]:
        if "GET" in (route.methods or ()):
            app.head(route.path, include_in_schema=False)(route.endpoint)


def _add_routes_with_trailing_slash(app: FastAPI) -> None:
    # Separate routes behind the others, so that requests without a slash are matched as fast as
    # before. Some clients omit the Authorization header after a redirect.
    for route in [route for route in app.routes if isinstance(route, APIRoute)]:
        path, methods = f"{route.path}/", list(route.methods or ())
        app.add_api_route(path, route.endpoint, methods=methods, include_in_schema=False)


async def _fetch_keys(verifier: TokenExaminer) -> None:
    """Fetch the key set at startup, so that a failure is logged before the first request."""
    # The verifier has logged the failure, and requests try again.
    with suppress(KeysUnavailable):
        await verifier.keys()


async def _prepare(storage: Storage, prepared: asyncio.Event) -> None:
    pause = _PREPARE_AGAIN_SECONDS
    reason = None
    while True:
        try:
            await storage.prepare()
        except ApplicationError as error:
            # A conflict is retried, too: an operator may resolve it. Each reason is logged once,
            # because it may last for hours.
            if reason != str(error):
                reason = str(error)
                logger.error(  # noqa: TRY400 - expected, and retried
                    "not ready, and trying again until it works: %s (`tasks-api doctor` says more)",
                    reason,
                )
        except Exception:
            # Unforeseen, and perhaps temporary.
            logger.exception("not ready, and trying again in %g s", pause)
        else:
            logger.info("the storage is ready")
            prepared.set()
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _PREPARE_AGAIN_MOST_SECONDS)
