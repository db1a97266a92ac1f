"""The facts that the domain can state about wrong input."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleViolation:
    """One field that breaks one rule.

    ``message`` is a sentence for a person: it names the field and the limit and never repeats
    the value. ``rule`` is a stable name for a program.
    """

    field: str
    rule: str
    message: str


class DomainError(Exception):
    """Base of every error that the domain raises."""


class InvalidTask(DomainError):
    """A task's new values break the rules listed in ``violations`` (at least one)."""

    def __init__(self, *violations: RuleViolation) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations = violations
