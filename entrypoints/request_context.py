"""The request that is being answered, for its log lines."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """One request. The code that finds out more about it stores that here."""

    request_id: str
    user_id: str | None = None
    """The token's subject, once the token is verified."""
    error: str | None = None
    """Why the response is an error."""


current_request: ContextVar[RequestContext | None] = ContextVar("current_request", default=None)
"""The request of the running task; None outside a request."""
