"""How errors stand in the OpenAPI document."""

from typing import Any, Final

from application.errors import Forbidden, InvalidToken, TaskNotFound, Unavailable
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
    """The ``responses`` of an operation that may answer with these errors."""
    return {status: _error(status) for status in statuses}


def _error(status: int) -> dict[str, Any]:
    description, detail = _RESPONSES[status]
    example: dict[str, Any] = {"status_code": status, "detail": detail}
    if status == 422:  # noqa: PLR2004
        example["errors"] = [{"field": "title", "message": detail, "type": "missing"}]
    response = {
        "model": ErrorResponse,
        "description": description,
        "content": {"application/json": {"example": example}},
    }
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response
