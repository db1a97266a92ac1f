"""The table of the status of every error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect

from application.errors import (
    ExpiredToken,
    Forbidden,
    InvalidToken,
    KeysUnavailable,
    MissingToken,
    TaskChanged,
    TaskLimitReached,
    TaskNotFound,
    Unavailable,
    UnknownUser,
)
from domain.errors import InvalidTask
from entrypoints.http.request_errors import (
    BodyTooLarge,
    BodyTooLargeToDrain,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
)

RETRY_AFTER_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class ErrorStatus:
    """The status, message and headers of one kind of error."""

    status: int
    detail: str | None = None
    """Message for the client; None means the error's own message."""
    headers: Mapping[str, str] = field(default_factory=dict)


NO_SUCH_PATH: Final = (
    "This path does not exist: tasks are at /api/{user_id}/tasks, the documentation is at /docs"
)
"""The detail of a 404 for a path that has no route."""

_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_RETRY: Final = {"Retry-After": str(RETRY_AFTER_SECONDS)}

_STATUSES: Final[Mapping[type[Exception], ErrorStatus]] = {
    MalformedBody: ErrorStatus(400),
    ClientDisconnect: ErrorStatus(400, "The client closed the connection"),
    MissingToken: ErrorStatus(401, headers=_CHALLENGE),
    ExpiredToken: ErrorStatus(401, "Token has expired", _CHALLENGE),
    InvalidToken: ErrorStatus(401, "Invalid token", _CHALLENGE),
    UnknownUser: ErrorStatus(401, "Unknown user", _CHALLENGE),
    Forbidden: ErrorStatus(403, "This token does not give access to another user's tasks"),
    TaskNotFound: ErrorStatus(404, "Task not found"),
    TaskLimitReached: ErrorStatus(409),
    TaskChanged: ErrorStatus(412, "The task has changed since it was read; read it again"),
    # A client that is still sending when the connection closes may never see the response.
    BodyTooLarge: ErrorStatus(413),
    BodyTooLargeToDrain: ErrorStatus(413, headers={"Connection": "close"}),
    UnsupportedMediaType: ErrorStatus(415, "The body must have the Content-Type application/json"),
    InvalidRequest: ErrorStatus(422),
    InvalidTask: ErrorStatus(422),
    KeysUnavailable: ErrorStatus(
        500,
        "The service cannot get keys from the key server at the moment; please try again",
        _RETRY,
    ),
    Unavailable: ErrorStatus(
        500, "The service cannot reach its data at the moment; please try again", _RETRY
    ),
    Exception: ErrorStatus(500, "Internal server error"),
}


def status_of(kind: type[Exception]) -> ErrorStatus:
    """Return the status of the nearest class that the table lists."""
    return next(_STATUSES[base] for base in kind.__mro__ if base in _STATUSES)
