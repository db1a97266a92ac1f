"""Facts about the current request, for its log lines."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """One request. Each layer adds facts."""

    request_id: str
    user_id: str | None = None
    """The token's subject, after the token is verified."""
    error: str | None = None
    """Type and message of the error that caused the response."""


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)
"""The request of the current task; None outside of requests."""
