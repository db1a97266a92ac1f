"""What every error means in HTTP: the one table, and the one shape of an answer."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.errors import (
    ExpiredToken,
    Forbidden,
    InvalidToken,
    MissingToken,
    TaskChanged,
    TaskNotFound,
    Unavailable,
    UnknownUser,
)
from domain.errors import InvalidTask, RuleViolation
from entrypoints.http.schemas import ErrorResponse, FieldError
from entrypoints.request_context import current_request

RETRY_AFTER_SECONDS: Final = 5
BODY_MAX: Final = 64 * 1024
"""Longest body, in bytes."""

BODY_TOO_LARGE: Final = f"The body must have at most {BODY_MAX} bytes"
NOT_SAID_TO_BE_JSON: Final = "The body must have the Content-Type application/json"
NOT_READY: Final = "The service is not ready"

logger = logging.getLogger(__name__)


class RequestError(Exception):
    """Base of what the edge itself has to say about a request. The message is for the client."""


class MalformedBody(RequestError):
    """The body is not JSON."""


class BodyTooLarge(RequestError):
    """The body is longer than any valid one. Nobody reads it; the server lets it pass."""


class EndlessBody(BodyTooLarge):
    """The body is so long, or may be, that not even the server should let it pass."""


class UnsupportedMediaType(RequestError):
    """The body does not say that it is JSON."""


class InvalidRequest(RequestError):
    """The query or the body breaks the rules listed in ``violations`` (at least one)."""

    def __init__(self, violations: Sequence[RuleViolation]) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    detail: str | None = None
    """What the client reads; None for the error's own message."""
    headers: Mapping[str, str] = field(default_factory=dict)


_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}

_ANSWERS: Final[Mapping[type[Exception], _Answer]] = {
    MalformedBody: _Answer(400),
    ClientDisconnect: _Answer(400, "The client closed the connection"),
    MissingToken: _Answer(401, headers=_CHALLENGE),
    ExpiredToken: _Answer(401, "Token has expired", _CHALLENGE),
    InvalidToken: _Answer(401, "Invalid token", _CHALLENGE),
    UnknownUser: _Answer(401, "Unknown user", _CHALLENGE),
    Forbidden: _Answer(403, "This token does not give access to another user's tasks"),
    TaskNotFound: _Answer(404, "Task not found"),
    TaskChanged: _Answer(412, "The task has changed since it was read; read it again"),
    # A client that is still sending when the connection closes may never see the answer.
    BodyTooLarge: _Answer(413, BODY_TOO_LARGE),
    EndlessBody: _Answer(413, BODY_TOO_LARGE, {"Connection": "close"}),
    UnsupportedMediaType: _Answer(415, NOT_SAID_TO_BE_JSON),
    InvalidRequest: _Answer(422),
    InvalidTask: _Answer(422),
    Unavailable: _Answer(
        500,
        "The service cannot reach its data at the moment; please try again",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    ),
    Exception: _Answer(500, "Internal server error"),
}


def detail_of(kind: type[Exception]) -> str:
    """What a client reads of an error of this kind that has one text for all cases."""
    return _ANSWERS[kind].detail or ""


def error_response(
    status: int,
    detail: str,
    *,
    violations: Sequence[RuleViolation] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error in the one shape that all of them have."""
    body = ErrorResponse(status_code=status, detail=detail)
    if violations:
        body.errors = [
            FieldError(field=violation.field, message=violation.message, type=violation.rule)
            for violation in violations
        ]
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def answer(scope: Scope, error: Exception) -> Response:
    """The answer to ``error``, by the table; what caused a 500 is logged."""
    _remember(error)
    if isinstance(error, HTTPException):
        return _answer_http_exception(scope, error)
    meaning = next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)
    if meaning.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # In an outage every request says so: then a stack trace, always the same, would cost more
        # than the request.
        cause = None if isinstance(error, Unavailable) else error
        logger.error("%s: %s", type(error).__name__, error, exc_info=cause)
    return error_response(
        meaning.status,
        meaning.detail or str(error),
        violations=getattr(error, "violations", ()),
        headers=meaning.headers,
    )


def _answer_http_exception(scope: Scope, error: HTTPException) -> Response:
    # The framework's own: an unknown route or method.
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(scope)))
    return error_response(error.status_code, error.detail, headers=headers)


def _allowed_methods(scope: Scope) -> set[str]:
    # The framework names the methods of the first route that has this path; there may be more.
    methods: set[str] = set()
    for route in scope["app"].routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods |= route.methods
    return methods | {"HEAD"} if "GET" in methods else methods


def _remember(error: Exception) -> None:
    context = current_request.get()
    if context is not None:
        context.error = f"{type(error).__name__}: {error}"


class ErrorBoundary:
    """Answers every error, inside of the layers that every response must pass.

    The framework's own place for what nobody foresaw is outside of them: a browser could not
    read its 500s.
    """

    def __init__(self, app: ASGIApp, observer: Callable[[Exception], None] | None = None) -> None:
        """``observer`` is told of every error that is answered."""
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def observed_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await self._answer(error, scope, receive, send)
        except asyncio.CancelledError:
            # The server has to end, and waits no longer.
            if not started and scope["type"] == "http":
                stopped = Unavailable("the server stopped before there was an answer")
                await self._answer(stopped, scope, receive, send)
            raise

    async def _answer(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        if self._observer is not None:
            self._observer(error)
        await answer(scope, error)(scope, receive, send)
