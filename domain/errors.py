"""Errors about wrong input."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleViolation:
    """One field that breaks one rule.

    ``message`` is a sentence for people: it names the field and the limit, and does not repeat
    the value. ``rule`` is a stable name for programs.
    """

    field: str
    rule: str
    message: str


class DomainError(Exception):
    """Base of all errors that the domain raises."""


class InvalidTask(DomainError):
    """A task's new values break the rules listed in ``violations`` (at least one)."""

    def __init__(self, *violations: RuleViolation) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations
