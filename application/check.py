"""The result of one check of the service's surroundings, as ``tasks-api doctor`` reports it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a check means for the service."""

    OK = "ok"
    WARNING = "warning"
    """The service works, but perhaps not as it should."""
    FAILURE = "failure"
    """The service, or the request that was asked about, cannot work."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked and what was found. No part holds a password, a secret or a token."""

    name: str
    state: State
    sentence: str
    remedy: str = ""
    """What to do, unless the sentence says that already."""

    @classmethod
    def ok(cls, name: str, sentence: str) -> "Check":
        """Return a check that found nothing to do."""
        return cls(name, State.OK, sentence)

    @classmethod
    def warning(cls, name: str, sentence: str, remedy: str = "") -> "Check":
        """Return a check that found something to look at."""
        return cls(name, State.WARNING, sentence, remedy)

    @classmethod
    def failure(cls, name: str, sentence: str, remedy: str = "") -> "Check":
        """Return a check that found a reason why the service cannot work."""
        return cls(name, State.FAILURE, sentence, remedy)
