"""The result of one check of ``tasks-api doctor``."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The severity of a check's result."""

    OK = "ok"
    WARNING = "warning"
    """The service works, but perhaps not as intended."""
    FAILURE = "failure"
    """The service, or the given token or origin, cannot work."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked and found, without any password, secret or token."""

    name: str
    state: State
    sentence: str
    remedy: str = ""
    """What to do, unless the sentence already says it."""

    @classmethod
    def ok(cls, name: str, sentence: str) -> "Check":
        """Return a check that passed."""
        return cls(name, State.OK, sentence)

    @classmethod
    def warning(cls, name: str, sentence: str, remedy: str = "") -> "Check":
        """Return a check that found a possible problem."""
        return cls(name, State.WARNING, sentence, remedy)

    @classmethod
    def failure(cls, name: str, sentence: str, remedy: str = "") -> "Check":
        """Return a check that found a reason why the service cannot work."""
        return cls(name, State.FAILURE, sentence, remedy)
