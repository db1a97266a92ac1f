"""How errors stand in the OpenAPI document."""

from http import HTTPStatus
from typing import Any, Final

from application.errors import Forbidden, InvalidToken, TaskChanged, TaskNotFound, Unavailable
from entrypoints.http.errors import (
    BODY_TOO_LARGE,
    NOT_READY,
    NOT_SAID_TO_BE_JSON,
    RETRY_AFTER_SECONDS,
    detail_of,
)
from entrypoints.http.schemas import ErrorResponse

_RESPONSES: Final[dict[int, tuple[str, str]]] = {
    400: ("The body is not JSON", "The body is not valid JSON"),
    401: ("The bearer token is missing, invalid or expired", detail_of(InvalidToken)),
    403: ("The token belongs to another user", detail_of(Forbidden)),
    404: ("The user has no such task", detail_of(TaskNotFound)),
    412: ("The task is not in the state that If-Match names", detail_of(TaskChanged)),
    413: ("The body is too large", BODY_TOO_LARGE),
    415: ("The body does not say that it is JSON", NOT_SAID_TO_BE_JSON),
    422: ("The request breaks a rule", "title is required"),
    500: ("The service or its database failed", detail_of(Unavailable)),
    503: ("The service cannot serve tasks", NOT_READY),
}
"""What each status means, and an example of its detail."""

_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}}},
    500: {
        "Retry-After": {
            "description": "Seconds to wait, when trying again may help.",
            "schema": {"type": "integer", "examples": [RETRY_AFTER_SECONDS]},
        }
    },
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an operation that may answer with these errors.

    An operation that has parameters has to name 422 even where it never answers so: FastAPI would
    document one of its own shape instead.
    """
    return {status: _error(status) for status in statuses}


def _error(status: int) -> dict[str, Any]:
    description, detail = _RESPONSES[status]
    example: dict[str, Any] = {"status_code": status, "detail": detail}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"field": "title", "message": detail, "type": "missing"}]
    response = {
        "model": ErrorResponse,
        "description": description,
        "content": {"application/json": {"example": example}},
    }
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response


_ETAG: Final = {
    "description": "What identifies this state, for If-None-Match and If-Match.",
    "schema": {"type": "string"},
}


def tagged(status: int, *, location: bool = False) -> dict[int | str, dict[str, Any]]:
    """The headers of a success with a body, in ``responses``."""
    headers: dict[str, Any] = {"ETag": _ETAG}
    if location:
        headers["Location"] = {
            "description": "The new task's path.",
            "schema": {"type": "string"},
        }
    return {status: {"headers": headers}}


def unchanged() -> dict[int | str, dict[str, Any]]:
    """The answer to a request whose If-None-Match still holds, in ``responses``."""
    return {304: {"description": "The client has it already", "headers": {"ETag": _ETAG}}}
