"""How every request under a user's path is handled, in the one order that reveals nothing."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi import Response
from fastapi.routing import APIRoute
from starlette.requests import Request

from application.authorization import require_owner
from application.errors import Forbidden, TaskNotFound
from application.ports.token_verifier import TokenVerifier
from domain.errors import RuleViolation
from entrypoints.http.authentication import authenticate
from entrypoints.http.body import read_json
from entrypoints.http.errors import InvalidRequest
from entrypoints.request_context import current_request

OWNER_PARAMETER = "user_id"


class OwnedRoute(APIRoute):
    """A route below ``/{user_id}/``, open to that user alone.

    Authenticates, authorizes, reads and validates the query and the body, calls the endpoint and
    encodes what it returns, in this order: FastAPI's own handler parses the body before it runs
    any dependency, and would answer 422 to somebody who has no business here. The endpoint stays
    an ordinary typed function, from which FastAPI makes the OpenAPI document. It may take path
    and query parameters, one body and the response (to set headers on); dependencies are
    documented but not run.
    """

    verifier: TokenVerifier
    """Set by ``owned_route``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI calls for every request that matches."""
        endpoint: Callable[..., Awaitable[Any]] = self.endpoint
        response_parameter = self.dependant.response_param_name

        async def handle(request: Request) -> Response:
            arguments: dict[str, Any] = {OWNER_PARAMETER: await self._admit(request)}
            arguments |= self._read_path(request)
            arguments |= self._read_query(request)
            arguments |= await self._read_body(request)
            response = Response(status_code=self.status_code or 200)
            if response_parameter is not None:
                arguments[response_parameter] = response
            self._encode(await endpoint(**arguments), response)
            return response

        return handle

    async def _admit(self, request: Request) -> str:
        subject = await authenticate(request, self.verifier)
        context = current_request.get()
        if context is not None:
            context.user_id = subject
        owner = _decoded(request.path_params[OWNER_PARAMETER])
        if owner is None:
            raise Forbidden("the path's user id is not UTF-8")
        require_owner(subject=subject, owner=owner)
        return owner

    def _read_path(self, request: Request) -> dict[str, Any]:
        arguments = {}
        for field in self.dependant.path_params:
            if field.name == OWNER_PARAMETER:
                continue
            value, errors = field.validate(_decoded(request.path_params[field.name]))
            if errors:
                # A path that cannot be read names nothing.
                raise TaskNotFound
            arguments[field.name] = value
        return arguments

    def _read_query(self, request: Request) -> dict[str, Any]:
        fields = self.dependant.query_params
        if not fields:
            return {}
        given: dict[str, list[str]] = {}
        for name, text in parse_qsl(
            request.scope["query_string"].decode("latin-1"), keep_blank_values=True
        ):
            given.setdefault(name, []).append(text)
        arguments: dict[str, Any] = {}
        violations: list[RuleViolation] = []
        for field in fields:
            values = given.get(field.alias)
            if values is None:
                arguments[field.name] = field.get_default()
                continue
            if len(values) > 1:
                violations.append(
                    RuleViolation(field.alias, "repeated", f"{field.alias} must be given once")
                )
                continue
            value, errors = field.validate(values[0], loc=(field.alias,))
            violations += map(_violation, errors)
            arguments[field.name] = value
        if violations:
            raise InvalidRequest(violations)
        return arguments

    async def _read_body(self, request: Request) -> dict[str, Any]:
        if self.body_field is None:
            return {}
        [field] = self.dependant.body_params
        value, errors = field.validate(await read_json(request))
        if errors:
            raise InvalidRequest([_violation(error) for error in errors])
        return {field.name: value}

    def _encode(self, result: Any, response: Response) -> None:
        if self.response_field is None:
            return
        response.body = self.response_field.serialize_json(result)
        response.headers["content-length"] = str(len(response.body))
        response.headers["content-type"] = "application/json"


def owned_route(token_verifier: TokenVerifier) -> type[OwnedRoute]:
    """The route class for routers whose tokens ``token_verifier`` decides on."""

    class Route(OwnedRoute):
        verifier = token_verifier

    return Route


def _decoded(segment: str) -> str | None:
    # The router matched the path as it was sent, so that an encoded slash does not end a segment.
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return None


# pydantic's sentences that do not say which field they are about, or say it in Python's terms.
_SENTENCES = {
    "missing": "{field} is required",
    "model_attributes_type": "{field} must be a JSON object",
    "string_type": "{field} must be text",
    "string_unicode": "{field} must not hold a lone surrogate",
}


def _violation(error: Mapping[str, Any]) -> RuleViolation:
    field = str(error["loc"][0]) if error["loc"] else "body"
    kind: str = error["type"]
    sentence = _SENTENCES.get(kind)
    if sentence is not None:
        return RuleViolation(field, kind, sentence.format(field=field))
    message: str = error["msg"]
    return RuleViolation(field, kind, f"{field} {message.removeprefix('Input ')}")
