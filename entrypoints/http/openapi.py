"""The responses and the security scheme of the OpenAPI document."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from application.errors import (
    Forbidden,
    InvalidToken,
    TaskChanged,
    TaskLimitReached,
    TaskNotFound,
    Unavailable,
)
from entrypoints.http.body import BODY_TOO_LARGE, NOT_JSON
from entrypoints.http.error_statuses import RETRY_AFTER_SECONDS, status_of
from entrypoints.http.request_errors import UnsupportedMediaType
from entrypoints.http.route import OWNER_PARAMETER
from entrypoints.http.schemas import ErrorResponse

NOT_READY: Final = "The service is not ready"
DATABASE_OUT_OF_REACH: Final = "The database is out of reach"


def _detail(kind: type[Exception]) -> str:
    return status_of(kind).detail or ""


_RESPONSES: Final[dict[int, tuple[str, str]]] = {
    400: ("The body is not JSON", NOT_JSON),
    401: ("The bearer token is missing, invalid or expired", _detail(InvalidToken)),
    403: ("The token belongs to another user", _detail(Forbidden)),
    404: ("The user has no such task", _detail(TaskNotFound)),
    409: ("The user has as many tasks as one user may have", str(TaskLimitReached(10_000))),
    412: ("The task is not in the state that If-Match names", _detail(TaskChanged)),
    413: ("The body is too large", BODY_TOO_LARGE),
    415: ("The body does not say that it is JSON", _detail(UnsupportedMediaType)),
    422: ("The request breaks a rule", "title is required"),
    500: ("The service or its database failed", _detail(Unavailable)),
    503: ("Tasks cannot be served", NOT_READY),
}
"""Meaning of each status, and an example of its detail."""

_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}}},
    500: {
        "Retry-After": {
            "description": "Seconds to wait before a retry, if a retry may help.",
            "schema": {"type": "integer", "examples": [RETRY_AFTER_SECONDS]},
        }
    },
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of an operation that can fail with these statuses.

    An operation with parameters has to name 422 even if it never returns it: otherwise FastAPI
    documents its own form of 422.
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
    "description": "Identifies this state, for If-None-Match and If-Match.",
    "schema": {"type": "string"},
}


def tagged(status: int, *, location: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` entry for the headers of a successful response with a body."""
    headers: dict[str, Any] = {"ETag": _ETAG}
    if location:
        headers["Location"] = {
            "description": "The new task's path.",
            "schema": {"type": "string"},
        }
    return {status: {"headers": headers}}


def unchanged() -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` entry for a request whose If-None-Match still holds."""
    return {304: {"description": "The client has the current state", "headers": {"ETag": _ETAG}}}


_LINK: Final = {
    "description": 'The next page, with rel="next", if `limit` is given and others follow.',
    "required": False,
    "schema": {"type": "string"},
}


def listed() -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` entries of a list or a page, and of one that has not changed."""
    responses = tagged(200) | unchanged()
    for response in responses.values():
        response["headers"] = {**response["headers"], "Link": _LINK}
    return responses


_BEARER: Final = "HTTPBearer"


class DocumentedApi(FastAPI):
    """FastAPI that documents which operations take a bearer token, by the rule of OwnedRoute."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        document["components"]["securitySchemes"] = {
            _BEARER: {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The token that Better Auth issues to the signed-in user.",
            }
        }
        for path, operations in document["paths"].items():
            if f"{{{OWNER_PARAMETER}}}" in path:
                for operation in operations.values():
                    operation["security"] = [{_BEARER: []}]
        return document
