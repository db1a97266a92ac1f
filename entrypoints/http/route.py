"""The route class: it checks the owner, then calls the endpoint."""

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from application.authorization import require_owner
from application.ports.token_verifier import TokenVerifier
from entrypoints.http.authentication import bearer_token
from entrypoints.http.body import limited
from entrypoints.http.parameters import Parameters
from entrypoints.request_context import current_request

OWNER_PARAMETER: Final = "user_id"
"""Path parameter that names the owner of everything below it."""

# Starlette matches the decoded path: an encoded slash would end a segment there, and a line feed
# would pass for the end of the path.
_AMBIGUOUS_PATH: Final = re.compile(rb"%2[fF]|%0[aA]$")

RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]


class OwnedRoute(APIRoute):
    """A route that, if its path has a user id, admits only that user.

    Nothing else of a request is examined until the token and the path's owner match. Then a simple
    endpoint, as ``Parameters.of`` defines it, is called directly. FastAPI calls all others, such as
    endpoints with dependencies: they work as FastAPI documents, but take longer.
    """

    verifier: TokenVerifier
    """Set by ``owned_route``."""

    def get_route_handler(self) -> RouteHandler:
        """Return the function that answers a request."""
        call = self._direct_call() or self._call_by_fastapi()
        verifier = self.verifier

        async def handle(request: Request) -> Response:
            if _AMBIGUOUS_PATH.search(request.scope["raw_path"]):
                # Otherwise the log would show a route that this path does not match.
                del request.scope["route"]
                raise HTTPException(404)
            owner = request.scope["path_params"].get(OWNER_PARAMETER)
            if owner is not None:
                subject = await verifier.subject_of(bearer_token(request))
                context = current_request.get()
                if context is not None:
                    context.user_id = subject
                require_owner(subject=subject, owner=owner)
            return await call(request)

        return handle

    def _direct_call(self) -> RouteHandler | None:
        # FastAPI makes a second handler when the route's router is included in another one. Only
        # FastAPI's own handler runs the other router's dependencies.
        is_included = hasattr(self, "app")
        parameters = Parameters.of(self.endpoint)
        if is_included or self.dependencies or parameters is None:
            return None
        endpoint, read = self.endpoint, parameters.read

        async def call(request: Request) -> Response:
            response: Response = await endpoint(**await read(request))
            return response

        return call

    def _call_by_fastapi(self) -> RouteHandler:
        handler = super().get_route_handler()

        async def call(request: Request) -> Response:
            return await handler(Request(request.scope, limited(request.receive)))

        return call


def owned_route(token_verifier: TokenVerifier) -> type[OwnedRoute]:
    """Return the route class whose tokens ``token_verifier`` verifies."""

    class Route(OwnedRoute):
        verifier = token_verifier

    return Route
