"""Which browsers' pages may call."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from entrypoints.http.errors import error_response


class Cors(CORSMiddleware):
    """Starlette's CORS, for the configured origins only, refusing in the API's own shape."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            # Frontends send credentials: "include" although only the token counts here.
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
        """Starlette's answer, or, for what it refuses, an error like every other."""
        response = super().preflight_response(request_headers)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response
        kept = {"vary": response.headers["vary"]}
        if "access-control-allow-origin" in response.headers:
            kept["access-control-allow-origin"] = response.headers["access-control-allow-origin"]
        return error_response(response.status_code, bytes(response.body).decode(), headers=kept)
