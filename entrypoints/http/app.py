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
    # At run time only if telemetry is on: it imports OpenTelemetry's SDK.
    from entrypoints.telemetry.telemetry import Telemetry

_PREPARE_FIRST_SECONDS: Final = 2.0
"""How long a starting process waits for its storage before it accepts requests."""

_COLLECT_AFTER: Final = 20_000
"""New objects after which the garbage collector runs."""

_PREPARE_AGAIN_SECONDS: Final = 1.0
_PREPARE_AGAIN_MOST_SECONDS: Final = 15.0

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False}

logger = logging.getLogger(__name__)


def create_app(container: Container, telemetry: "Telemetry | None" = None) -> FastAPI:
    """Return an application on the adapters of ``container``, which is resolved once, here.

    The container stays at ``app.state.container``. When the application starts, its storage is
    prepared in the background, with retries until that succeeds; when it ends, the storage is
    closed. ``telemetry`` observes every request and is closed last.
    """
    storage = container.storage()
    verifier = container.token_verifier()
    use_cases = container.task_use_cases()
    prepared = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # What exists now stays, so the collector need not examine it again and again.
        gc.collect()
        gc.freeze()
        # Python's 700 would make it run several times during one list.
        gc.set_threshold(_COLLECT_AFTER)
        logger.info(verifier.requirements)
        if telemetry is not None:
            telemetry.start()
        preparation = asyncio.create_task(_prepare(storage, prepared))
        fetching = asyncio.create_task(_fetch_keys(verifier))
        # Other processes may be serving already. A client is better accepted by one of them, or
        # waits a moment, than is told by this one that it cannot serve yet.
        await asyncio.wait([preparation], timeout=_PREPARE_FIRST_SECONDS)
        try:
            yield
        finally:
            # First, so that a preparation that is under way ends at once.
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
    # Not as routers that are included: FastAPI would match each request twice.
    add_task_routes(app, use_cases)
    add_health_routes(app, storage, prepared)
    add_docs_page(app)
    _answer_head_wherever_get(app)
    _ignore_a_trailing_slash(app)
    # FastAPI's document last: a request is matched against one route after the other.
    app.router.routes.sort(key=lambda route: not isinstance(route, APIRoute))
    app.state.container = container
    return app


def _answer_head_wherever_get(app: FastAPI) -> None:
    # Routes of their own, because FastAPI documents every method of a route. The server leaves
    # the body out.
    for route in [route for route in app.routes if isinstance(route, APIRoute)]:
        if "GET" in (route.methods or ()):
            app.head(route.path, include_in_schema=False)(route.endpoint)


def _ignore_a_trailing_slash(app: FastAPI) -> None:
    # Routes of their own, behind the others, so that requests without a slash do not pay for them.
    # After a redirect, some clients would leave out the Authorization header.
    for route in [route for route in app.routes if isinstance(route, APIRoute)]:
        path, methods = f"{route.path}/", list(route.methods or ())
        app.add_api_route(path, route.endpoint, methods=methods, include_in_schema=False)


async def _fetch_keys(verifier: TokenExaminer) -> None:
    """Let a key set that is none be found at the start and not by the first user's request."""
    # The verifier has logged it. Requests try again.
    with suppress(KeysUnavailable):
        await verifier.keys()


async def _prepare(storage: Storage, prepared: asyncio.Event) -> None:
    pause = _PREPARE_AGAIN_SECONDS
    reason = None
    while True:
        try:
            await storage.prepare()
        except ApplicationError as error:
            # A conflict, too: an operator may resolve it, and until then nothing is served. Each
            # reason is logged once, because it may stay for hours.
            if reason != str(error):
                reason = str(error)
                logger.error(  # noqa: TRY400 - expected, and retried
                    "not ready, and trying again until it works: %s (`tasks-api doctor` says more)",
                    reason,
                )
        except Exception:
            # Unforeseen, and perhaps temporary. Only the log tells of it.
            logger.exception("not ready, and trying again in %g s", pause)
        else:
            logger.info("the storage is ready")
            prepared.set()
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, _PREPARE_AGAIN_MOST_SECONDS)
