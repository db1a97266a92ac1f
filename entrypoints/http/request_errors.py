"""Errors of a request that HTTP itself finds, before any use case is called.

Messages are for the client; none repeats what it sent.
"""

from collections.abc import Sequence

from domain.errors import RuleViolation


class RequestError(Exception):
    """Base of every error in this file."""


class MalformedBody(RequestError):
    """The body is not JSON."""


class EmptyBody(MalformedBody):
    """There is no body, and the operation needs one."""


class BodyTooLarge(RequestError):
    """The body is longer than any valid one. It is not read; the server discards it."""


class BodyTooLargeToDrain(BodyTooLarge):
    """The body is so long, or may be, that closing the connection is cheaper than discarding it."""


class UnsupportedMediaType(RequestError):
    """The Content-Type does not say that the body is JSON."""


class InvalidRequest(RequestError):
    """The query or the body breaks the rules listed in ``violations`` (at least one)."""

    def __init__(self, violations: Sequence[RuleViolation]) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations
