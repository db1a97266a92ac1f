"""Which pages of other origins can call the API from a browser."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from entrypoints.http.errors import error_response

_WANTED_HEADERS: Final = "access-control-request-headers"
_WANTED_MAX: Final = 1024
"""Longest list of headers, in characters, that a preflight may ask for."""


class Cors(CORSMiddleware):
    """Starlette's CORS middleware for the configured origins; its errors have the API's shape."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            # Frontends send credentials: "include", although only the token counts here.
            allow_credentials=True,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "If-None-Match",
                "If-Match",
                "X-Request-ID",
            ),
            expose_headers=("ETag", "Retry-After", "X-Request-ID", "WWW-Authenticate"),
            max_age=3600,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return Starlette's response; if it refuses, an error like every other."""
        if len(request_headers.get(_WANTED_HEADERS, "")) > _WANTED_MAX:
            # Starlette would look at thousands of names; one that is not allowed is enough.
            request_headers = Headers({**request_headers, _WANTED_HEADERS: "too long"})
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        kept = {"vary": response.headers["vary"]}
        if "access-control-allow-origin" in response.headers:
            kept["access-control-allow-origin"] = response.headers["access-control-allow-origin"]
        return error_response(response.status_code, bytes(response.body).decode(), headers=kept)
