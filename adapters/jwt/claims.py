"""What a token must say, whichever key signed it."""

from dataclasses import dataclass
from typing import Final

import jwt

from application.errors import ExpiredToken, InvalidToken
from domain.text import is_storable

LEEWAY_SECONDS: Final = 30
"""How far the issuer's clock may be off."""
SUBJECT_MAX: Final = 255
"""Most characters of a ``sub``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """The claims that every token is held to. An ``issuer`` or ``audience`` of None is not checked.

    Better Auth always sets an audience, so one that nobody configured is no error.
    """

    issuer: str | None = None
    audience: str | None = None

    def subject_of(self, token: str, key: jwt.PyJWK) -> str:
        """The ``sub`` of ``token``, once its signature and every claim have been checked.

        No algorithm is accepted but that of ``key``.

        Raises ExpiredToken and InvalidToken, whose messages name the fault and never the token.
        """
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self.issuer,
                audience=self.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self.audience is not None},
            )
        except jwt.ExpiredSignatureError as error:
            raise ExpiredToken("the token has expired") from error
        # PyJWT lets some of what hostile JSON does to Python's parser through.
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
