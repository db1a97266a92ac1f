"""How errors stand in the OpenAPI document."""

from typing import Any, Final

from entrypoints.http.errors import RETRY_AFTER_SECONDS
from entrypoints.http.schemas import ErrorResponse

_EXAMPLES: Final[dict[int, tuple[str, str]]] = {
    400: ("The body is not JSON", "The body is not valid JSON"),
    401: ("The bearer token is missing, invalid or expired", "Invalid token"),
    403: (
        "The token belongs to another user",
        "This token does not give access to another user's tasks",
    ),
    404: ("The user has no such task", "Task not found"),
    413: ("The body is too large", "The body must have at most 65536 bytes"),
    415: (
        "The body does not say that it is JSON",
        "The body must have the Content-Type application/json",
    ),
    422: ("The request breaks a rule", "title is required"),
    500: (
        "The service or its database failed",
        "The service cannot reach its data at the moment; please try again",
    ),
    503: ("The service is not ready", "The service is not ready"),
}
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
    description, detail = _EXAMPLES[status]
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
