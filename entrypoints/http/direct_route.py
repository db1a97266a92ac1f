"""How a request becomes a call of an endpoint."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from application.errors import TaskNotFound
from domain.errors import RuleViolation
from entrypoints.http.body import read_json
from entrypoints.http.errors import InvalidRequest


class DirectRoute(APIRoute):
    """A route that reads what its endpoint takes and calls it, in one pass.

    The endpoint is an ordinary typed function that returns the answer. FastAPI makes the OpenAPI
    document from it, and the validators that are used here. It may take path, query and header
    parameters and one body; dependencies are documented but not run. The path is matched as it
    was sent, so that an encoded slash does not end a segment. HEAD is answered as GET.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = self._answer
        self._call: Callable[..., Awaitable[Any]] = self.endpoint
        self._query_defaults = {
            field.name: field.get_default() for field in self.dependant.query_params
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route answers the request."""
        found = scope["type"] == "http" and self.path_regex.match(_path(scope))
        if not found:
            return Match.NONE, {}
        match = Match.FULL if self._allows(scope["method"]) else Match.PARTIAL
        return match, {"path_params": found.groupdict(), "route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request that ``matches`` said is this route's."""
        if not self._allows(scope["method"]):
            raise HTTPException(405)
        await self.app(scope, receive, send)

    def _allows(self, method: str) -> bool:
        return ("GET" if method == "HEAD" else method) in (self.methods or ())

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self.admit(request)
        arguments = self._read_path(request)
        if self._query_defaults:
            arguments |= self._read_query(request)
        if self.dependant.header_params:
            arguments |= self._read_headers(request)
        if self.body_field is not None:
            arguments |= await self._read_body(request)
        response = await self._call(**arguments)
        await response(scope, receive, send)

    async def admit(self, request: Request) -> None:
        """Raise an error unless the request may be answered; nothing of it has been read yet."""

    def _read_path(self, request: Request) -> dict[str, Any]:
        arguments = {}
        for field in self.dependant.path_params:
            value, errors = field.validate(decoded(request.path_params[field.name]))
            if errors:
                # A path that cannot be read names nothing.
                raise TaskNotFound
            arguments[field.name] = value
        return arguments

    def _read_query(self, request: Request) -> dict[str, Any]:
        arguments = self._query_defaults.copy()
        query: bytes = request.scope["query_string"]
        if not query:
            return arguments
        given: dict[str, list[str]] = {}
        for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            given.setdefault(name, []).append(text)
        violations: list[RuleViolation] = []
        for field in self.dependant.query_params:
            values = given.get(field.alias, ())
            if len(values) > 1:
                message = f"{field.alias} must be given once"
                violations.append(RuleViolation(field.alias, "repeated", message))
            elif values:
                value, errors = field.validate(values[0], loc=(field.alias,))
                violations += map(_violation, errors)
                arguments[field.name] = value
        if violations:
            raise InvalidRequest(violations)
        return arguments

    def _read_headers(self, request: Request) -> dict[str, Any]:
        arguments = {}
        for field in self.dependant.header_params:
            lines = request.headers.getlist(field.alias)
            # Several lines of one header are one list (RFC 9110, 5.3).
            arguments[field.name] = ", ".join(lines) if lines else field.get_default()
        return arguments

    async def _read_body(self, request: Request) -> dict[str, Any]:
        [field] = self.dependant.body_params
        value, errors = field.validate(await read_json(request))
        if errors:
            raise InvalidRequest([_violation(error) for error in errors])
        return {field.name: value}


def decoded(segment: str) -> str | None:
    """A segment of a path as it was meant; None when it is not UTF-8."""
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return None


def _path(scope: Scope) -> str:
    raw: bytes = scope["raw_path"]
    return raw.decode("latin-1")


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
