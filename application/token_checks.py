"""The checks of a token, and their findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class TokenCheck(StrEnum):
    """The checks, in their order. A metric counts refusals by these names."""

    FORM = "form"
    ALGORITHM = "algorithm"
    EXTENSIONS = "extensions"
    KEY = "key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    SUBJECT = "subject"
    TOKEN_ID = "token_id"  # noqa: S105 - a check's name
    ISSUED_AT = "issued_at"
    NOT_BEFORE = "not_before"
    EXPIRY = "expiry"


@dataclass(frozen=True, slots=True)
class TokenFinding:
    """The outcome of one check. A ``problem`` of None means that the token passes."""

    check: TokenCheck
    problem: str | None = None
    """A sentence for the log: the setting, its value, and what the token has instead."""


@dataclass(frozen=True, slots=True)
class TokenReport:
    """The findings for a token. Checks that cannot be made after a failed one are omitted."""

    findings: Sequence[TokenFinding]
    subject: str | None
    """The token's ``sub`` if it can be a user's id, even if another check fails."""

    @property
    def is_accepted(self) -> bool:
        """Whether the token proves that its bearer is ``subject``."""
        return all(finding.problem is None for finding in self.findings)
