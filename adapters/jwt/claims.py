"""Check the claims of a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from application.errors import ExpiredToken, InvalidToken
from application.token_checks import TokenCheck, TokenFinding
from domain.text import is_storable, quoted

LEEWAY_SECONDS: Final = 30
"""Largest accepted difference between the issuer's clock and ours."""
SUBJECT_MAX: Final = 255
"""Most characters of a ``sub``."""
_SHOWN_MAX: Final = 3
"""Most values of a list that a message quotes."""
_SETTINGS: Final = {"iss": "BETTER_AUTH_ISSUER", "aud": "BETTER_AUTH_AUDIENCE"}
_DEFAULT: Final = "by default the origin of BETTER_AUTH_JWKS_URL"

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """Checks the claims of tokens. An ``issuer`` or ``audience`` of None is not checked.

    Better Auth always sets an audience, so a token may have one even if none is configured.
    """

    issuer: str | None = None
    audience: str | None = None

    def subject_of(self, claims: Claims, *, now: float) -> str:
        """Return the ``sub`` of ``claims``, whose signature has been verified.

        ``now`` is in seconds since the epoch. Raises ExpiredToken if only the expiry is wrong, and
        InvalidToken for anything else.
        """
        for check, problem_in in _CHECKS:
            problem = problem_in(self, claims, now)
            if problem is not None:
                if check is TokenCheck.EXPIRY and _seconds(claims.get("exp")) is not None:
                    raise ExpiredToken(problem)
                raise InvalidToken(check, problem)
        subject: str = claims["sub"]
        return subject

    def findings(self, claims: Claims, *, now: float) -> list[TokenFinding]:
        """Return the findings of all checks of ``claims``."""
        return [TokenFinding(check, problem_in(self, claims, now)) for check, problem_in in _CHECKS]

    @property
    def description(self) -> str:
        """A phrase about the ``iss`` and ``aud`` that tokens must have."""
        issuer = _expected("iss", self.issuer)
        return f"{issuer} and {_expected('aud', self.audience)}"


def _expected(claim: str, value: str | None) -> str:
    if value is None:
        return f"any {claim} ({_SETTINGS[claim]} is not set)"
    return f"the {claim} {quoted(value)} ({_SETTINGS[claim]}, {_DEFAULT})"


def _issuer_problem(rules: ClaimRules, claims: Claims, _now: float) -> str | None:
    if rules.issuer is None:
        return None
    return _mismatch("iss", claims.get("iss"), rules.issuer)


def _audience_problem(rules: ClaimRules, claims: Claims, _now: float) -> str | None:
    if rules.audience is None:
        return None
    found = claims.get("aud")
    if isinstance(found, list) and rules.audience in found and all(map(_is_text, found)):
        return None
    return _mismatch("aud", found or None, rules.audience)


def _mismatch(claim: str, found: object, expected: str) -> str | None:
    if found == expected:
        return None
    setting = f"{_SETTINGS[claim]} ({_DEFAULT})"
    if found is None:
        return f"the token has no {claim}, but {setting} is {quoted(expected)}"
    return (
        f"the token's {claim} is {_shown(found)}, but {setting} is {quoted(expected)}: "
        f"set it to the token's {claim} if that is your frontend's"
    )


def _subject_problem(_rules: ClaimRules, claims: Claims, _now: float) -> str | None:
    subject = claims.get("sub")
    if subject is None:
        return "the token has no sub, the id of its user"
    if not isinstance(subject, str):
        return "the token's sub, the id of its user, is no text"
    if not subject:
        return "the token's sub is empty"
    if len(subject) > SUBJECT_MAX:
        return f"the token's sub has {len(subject)} characters; {SUBJECT_MAX} are the most"
    if not is_storable(subject):
        return "the token's sub holds U+0000 or a lone surrogate"
    return None


def _token_id_problem(_rules: ClaimRules, claims: Claims, _now: float) -> str | None:
    if isinstance(claims.get("jti", ""), str):
        return None
    return "the token's jti is no text"


def _future_problem(claim: str, _rules: ClaimRules, claims: Claims, now: float) -> str | None:
    if claim not in claims:
        return None
    time = _seconds(claims[claim])
    if time is None:
        return f"the token's {claim} is no number of seconds"
    if time <= now + LEEWAY_SECONDS:
        return None
    return (
        f"the token is not valid yet: its {claim} is {_span(time - int(now))} in the future, and "
        f"the issuer's clock and the service's may differ by {LEEWAY_SECONDS} s"
    )


def _expiry_problem(_rules: ClaimRules, claims: Claims, now: float) -> str | None:
    found = claims.get("exp")
    if found is None:
        return "the token has no exp, the time of its expiry"
    time = _seconds(found)
    if time is None:
        return "the token's exp is no number of seconds"
    if time > now - LEEWAY_SECONDS:
        return None
    return f"the token expired {_span(int(now) - time)} ago"


_CHECKS: Final[tuple[tuple[TokenCheck, Callable[[ClaimRules, Claims, float], str | None]], ...]] = (
    (TokenCheck.ISSUER, _issuer_problem),
    (TokenCheck.AUDIENCE, _audience_problem),
    (TokenCheck.SUBJECT, _subject_problem),
    (TokenCheck.TOKEN_ID, _token_id_problem),
    (TokenCheck.ISSUED_AT, partial(_future_problem, "iat")),
    (TokenCheck.NOT_BEFORE, partial(_future_problem, "nbf")),
    # Last, so that a client fetches a new token only if that can help.
    (TokenCheck.EXPIRY, _expiry_problem),
)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _seconds(value: Any) -> int | None:
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return None


def _span(seconds: int) -> str:
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            # A token may contain thousands of digits.
            return f"{min(seconds, 10**9) // length} {unit}"
    return f"{seconds} s"


def _shown(value: object) -> str:
    if isinstance(value, list) and all(map(_is_text, value)):
        return ", ".join(map(quoted, value[:_SHOWN_MAX])) + ("…" if value[_SHOWN_MAX:] else "")
    return quoted(value) if isinstance(value, str) else "no text"
