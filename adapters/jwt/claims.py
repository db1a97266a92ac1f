"""The claims that a token must have, whichever key signed it."""

from dataclasses import dataclass
from typing import Final

import jwt

from application.errors import ExpiredToken, InvalidToken
from domain.text import is_storable

LEEWAY_SECONDS: Final = 30
"""Largest accepted difference between the issuer's clock and ours."""
SUBJECT_MAX: Final = 255
"""Most characters of a ``sub``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """Checks of a token. An ``issuer`` or ``audience`` of None is not checked.

    Better Auth always sets an audience, so a token may have one although none is configured.
    """

    issuer: str | None = None
    audience: str | None = None

    def subject_of(self, token: str, key: jwt.PyJWK | bytes, *, algorithm: str) -> str:
        """Verify the signature of ``token`` and every claim, and return its ``sub``.

        A token that names another algorithm is refused.

        Raises ExpiredToken and InvalidToken. Their messages name the failed check, never the token.
        """
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self.audience is not None},
            )
        except jwt.ExpiredSignatureError as error:
            raise ExpiredToken("the token has expired") from error
        # PyJWT does not catch every error that hostile JSON causes in Python's parser.
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise InvalidToken(type(error).__name__) from error
        return _checked_subject(claims["sub"])


def _checked_subject(subject: str) -> str:
    if not subject:
        raise InvalidToken("the subject is empty")
    if len(subject) > SUBJECT_MAX:
        raise InvalidToken(f"the subject has more than {SUBJECT_MAX} characters")
    if not is_storable(subject):
        raise InvalidToken("the subject holds U+0000 or a lone surrogate")
    return subject
