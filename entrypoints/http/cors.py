"""CORS: which origins' pages can call the API from a browser."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from entrypoints.http.errors import error_response
from entrypoints.http.printable import printable
from entrypoints.origins import NO_ORIGIN, NULL_PAGES, AllowedOrigins
from entrypoints.request_context import current_request

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_OWN_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "If-None-Match",
    "If-Match",
    "X-Request-ID",
)
_ADDED_HEADERS: Final = (
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "X-Requested-With",
    "Cache-Control",
    "Pragma",
)
"""Tracing libraries and HTTP clients add these to every request by themselves."""

_EXPOSED_HEADERS: Final = ("ETag", "Link", "Retry-After", "X-Request-ID", "WWW-Authenticate")

_REQUESTED_METHOD: Final = "access-control-request-method"
_REQUESTED_HEADERS: Final = "access-control-request-headers"
_REQUESTED_MAX: Final = 1024
"""Longest list of requested headers in a preflight, in characters."""

_WARNINGS_MOST: Final = 100
"""Most different refusals that are logged as warnings: any client can invent origins."""

logger = logging.getLogger(__name__)


class Cors(CORSMiddleware):
    """Starlette's CORS middleware for the configured origins; its errors have the API's shape."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            # Frontends send credentials: "include", although only the token counts here.
            allow_credentials=True,
            allow_methods=_METHODS,
            allow_headers=_OWN_HEADERS + _ADDED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
            max_age=3600,
        )
        self._origins = AllowedOrigins(origins)
        self._warned: set[str] = set()

    def is_allowed_origin(self, origin: str) -> bool:
        """Return whether pages of ``origin`` can call the API."""
        return origin in self._origins

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return Starlette's response. Log a refusal, and return it as an error of the API."""
        if len(request_headers.get(_REQUESTED_HEADERS, "")) > _REQUESTED_MAX:
            # Refuse without letting Starlette examine thousands of names.
            request_headers = Headers({**request_headers, _REQUESTED_HEADERS: "too long"})
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        self._log(self._reason(request_headers))
        kept = {"vary": response.headers["vary"]}
        if "access-control-allow-origin" in response.headers:
            kept["access-control-allow-origin"] = response.headers["access-control-allow-origin"]
        return error_response(response.status_code, bytes(response.body).decode(), headers=kept)

    def _reason(self, headers: Headers) -> str:
        origin = headers["origin"]
        page = f"a page of {printable(origin)}"
        if origin == NO_ORIGIN:
            return f"{page} ({NULL_PAGES}) may not call the API: serve the page over HTTP"
        if origin not in self._origins:
            configured = ",".join(self.allow_origins)
            return f"{page} may not call the API: add its origin to CORS_ORIGINS, now {configured}"
        method = headers[_REQUESTED_METHOD]
        if method not in self.allow_methods:
            allowed = ", ".join(self.allow_methods)
            return f"{page} may not use {printable(method)}: the API has only {allowed}"
        requested = headers.get(_REQUESTED_HEADERS)
        for name in [] if requested is None else requested.split(","):
            if name.strip().lower() not in self.allow_headers:
                return (
                    f"{page} may not send the header {printable(name.strip())}: no setting adds "
                    "one, so remove it from the frontend's requests"
                )
        return f"{page} may not call a private network: serve both in the same network"

    def _log(self, reason: str) -> None:
        context = current_request.get()
        if context is not None:
            context.error = reason
        if reason not in self._warned and len(self._warned) < _WARNINGS_MOST:
            self._warned.add(reason)
            logger.warning("preflight refused: %s", reason)
