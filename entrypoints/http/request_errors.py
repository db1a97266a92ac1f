"""Errors of a request that are found before a use case is called.

Messages are for the client and never repeat its input.
"""

from collections.abc import Sequence

from domain.errors import RuleViolation


class RequestError(Exception):
    """Base of every error in this file."""


class MalformedBody(RequestError):
    """The body is not JSON."""


class EmptyBody(MalformedBody):
    """The body is missing, and the operation needs one."""


class BodyTooLarge(RequestError):
    """The body is longer than any valid one. It is not read; the server discards it."""


class BodyTooLargeToDrain(BodyTooLarge):
    """The body is, or may be, so long that closing the connection costs less than discarding it."""


class UnsupportedMediaType(RequestError):
    """The Content-Type does not say that the body is JSON."""


class InvalidRequest(RequestError):
    """The query or the body breaks the rules listed in ``violations`` (at least one)."""

    def __init__(self, violations: Sequence[RuleViolation]) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations
