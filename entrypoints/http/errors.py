"""Error responses: their shape, and the handler that FastAPI calls for an exception."""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from application.errors import ApplicationError, Unavailable
from domain.errors import DomainError, RuleViolation
from entrypoints.http.error_statuses import NO_SUCH_PATH, status_of
from entrypoints.http.request_errors import RequestError
from entrypoints.http.schemas import ErrorResponse, FieldError
from entrypoints.http.validation import as_request_error
from entrypoints.request_context import current_request

ErrorObserver = Callable[[Exception, int], None]
ExceptionHandler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_NOT_FOUND: Final = HTTPStatus.NOT_FOUND.phrase
"""The detail of Starlette's own 404."""

logger = logging.getLogger(__name__)


def error_response(
    status: int,
    detail: str,
    *,
    violations: Sequence[RuleViolation] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an error response, in the form of all errors."""
    body = ErrorResponse(status_code=status, detail=detail)
    if violations:
        body.errors = [
            FieldError(field=violation.field, message=violation.message, type=violation.rule)
            for violation in violations
        ]
    return JSONResponse(body.model_dump(), status_code=status, headers=headers)


def described(error: Exception) -> str:
    """Return the type and the message of ``error``, if it has one, for a log line."""
    name, message = type(error).__name__, str(error)
    return name if message in {"", name} else f"{name}: {message}"


class ErrorHandler:
    """Exception handler of the application: it returns the response to an error."""

    def __init__(self, observer: ErrorObserver | None = None) -> None:
        """``observer`` is called with every error and the status of its response."""
        self._observer = observer

    @property
    def by_exception(self) -> dict[int | type[Exception], ExceptionHandler]:
        """The ``exception_handlers`` of an application.

        Starlette calls the handler of Exception outside the middleware, without CORS headers, so
        ``LastResort`` responds first.
        """
        expected = (RequestError, DomainError, ApplicationError, ClientDisconnect)
        frameworks = (HTTPException, RequestValidationError)
        return dict.fromkeys((*expected, *frameworks, Exception), self.__call__)

    # A coroutine, because Starlette runs other functions in a thread.
    async def __call__(self, request: Request, error: Exception) -> Response:
        """Return the response to ``error``; log what caused a 500."""
        if isinstance(error, RequestValidationError):
            error = as_request_error(error)
        response = self._response(request, error)
        if self._observer is not None:
            self._observer(error, response.status_code)
        return response

    def _response(self, request: Request, error: Exception) -> Response:
        context = current_request.get()
        if context is not None:
            context.error = described(error)
        if isinstance(error, HTTPException):
            return _framework_error(request, error)
        meaning = status_of(type(error))
        if meaning.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # During an outage every request logs this line. The stack trace would always be the
            # same and cost more than the request.
            cause = None if isinstance(error, Unavailable) else error
            logger.error("%s", described(error), exc_info=cause)
        return error_response(
            meaning.status,
            meaning.detail or str(error),
            violations=getattr(error, "violations", ()),
            headers=meaning.headers,
        )


def _framework_error(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if "Allow" in headers:
        # Starlette names only the methods of the first route with this path.
        methods = {*headers["Allow"].split(", "), *_methods_of(request)}
        headers["Allow"] = ", ".join(sorted(methods))
    is_no_path = error.status_code == HTTPStatus.NOT_FOUND and error.detail == _NOT_FOUND
    detail = NO_SUCH_PATH if is_no_path else error.detail
    return error_response(error.status_code, detail, headers=headers)


def _methods_of(request: Request) -> set[str]:
    path = getattr(request.scope.get("route"), "path", None)
    routes = [route for route in request.app.routes if getattr(route, "path", ...) == path]
    return {method for route in routes for method in route.methods}
