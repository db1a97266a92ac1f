"""Facts about the current request, for its log lines."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """One request. Each layer adds the facts that it learns."""

    request_id: str
    user_id: str | None = None
    """The token's subject, once the token is verified."""
    error: str | None = None
    """Type and reason of the error that the response reports."""


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)
"""The request that the running task handles; None outside a request."""
