"""Give every request an id and a log line."""

import logging
import re
import time
from random import getrandbits
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.printable import printable
from entrypoints.http.response_headers import response_headers
from entrypoints.request_context import RequestContext, current_request

_HEADER: Final = b"x-request-id"
_NO_ROUTE: Final = "-"
_ACCEPTABLE: Final = re.compile(rb"[\x20-\x7e]{1,128}")

logger = logging.getLogger(__name__)


class RequestLog:
    """Middleware that gives each request an id, adds standard headers and logs the response.

    It is the outermost middleware, so that refused preflights are included.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = RequestContext(request_id=_request_id(scope))
        method = scope["method"]
        status = 0
        started = time.perf_counter()

        async def named_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (_HEADER, context.request_id.encode()),
                    *response_headers(scope, status),
                ]
            await send(message)

        token = current_request.set(context)
        try:
            await self._app(scope, receive, named_send)
        finally:
            # The template, not the path: it groups requests, and a client cannot choose it.
            shown = getattr(scope.get("route"), "path", _NO_ROUTE)
            facts = {
                "method": method,
                "route": shown,
                "status": status,
                "duration_ms": round((time.perf_counter() - started) * 1000, 2),
            }
            if shown == _NO_ROUTE:
                shown = facts["path"] = printable(scope["raw_path"])
            logger.info("%s %s %s", method, shown, status, extra=facts)
            current_request.reset(token)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER and _ACCEPTABLE.fullmatch(value):
            return str(value, "ascii")
    return new_request_id()


def new_request_id() -> str:
    """Return an id for a request that has none."""
    return f"{getrandbits(128):032x}"
