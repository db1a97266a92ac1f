"""Whose requests are answered under a user's path."""

from starlette.requests import Request

from application.authorization import require_owner
from application.errors import Forbidden
from application.ports.token_verifier import TokenVerifier
from entrypoints.http.authentication import authenticate
from entrypoints.http.direct_route import DirectRoute, decoded
from entrypoints.request_context import current_request

OWNER_PARAMETER = "user_id"


class OwnedRoute(DirectRoute):
    """A route below ``/{user_id}/``, open to that user alone.

    Who has no business here learns nothing: before the token and the path's user are checked, no
    other part of the request is looked at.
    """

    verifier: TokenVerifier
    """Set by ``owned_route``."""

    async def admit(self, request: Request) -> None:
        """Raise MissingToken, Forbidden, and whatever the verifier raises."""
        subject = await authenticate(request, self.verifier)
        context = current_request.get()
        if context is not None:
            context.user_id = subject
        owner = decoded(request.path_params[OWNER_PARAMETER])
        if owner is None:
            raise Forbidden("the path's user id is not UTF-8")
        require_owner(subject=subject, owner=owner)


def owned_route(token_verifier: TokenVerifier) -> type[OwnedRoute]:
    """The route class for routers whose tokens ``token_verifier`` decides on."""

    class Route(OwnedRoute):
        verifier = token_verifier

    return Route
