"""The header of a token whose signature has not been verified."""

import json
from base64 import urlsafe_b64decode
from typing import Final

import jwt

from adapters.jwt.json_web_keys import ALGORITHMS
from application.errors import InvalidToken

HEADER_MAX: Final = 8 * 1024
"""Most characters of the header part that are decoded."""
KEY_ID_MAX: Final = 255
"""Most characters of a ``kid``."""


def key_id_of(token: str) -> str | None:
    """Return the ``kid`` of ``token``. Only the header is decoded, not the parts that follow.

    Raises InvalidToken, with PyJWT's names of the errors, if no key could verify a token with this
    header. The caller must verify the token afterwards.
    """
    part = token.partition(".")[0]
    if len(part) > HEADER_MAX:
        raise InvalidToken(f"the header has more than {HEADER_MAX} characters")
    try:
        # Padded with as much as any length may need; surplus padding is ignored.
        header = json.loads(urlsafe_b64decode(part + "=="))
        algorithm, key_id = header.get("alg"), header.get("kid")
    except (ValueError, AttributeError, RecursionError) as error:
        raise InvalidToken(jwt.DecodeError.__name__) from error
    if algorithm not in ALGORITHMS:
        raise InvalidToken("the algorithm is none of the key set's")
    if not isinstance(key_id, str | None):
        raise InvalidToken(jwt.InvalidTokenError.__name__)
    if key_id is not None and len(key_id) > KEY_ID_MAX:
        raise InvalidToken(f"the kid has more than {KEY_ID_MAX} characters")
    return key_id


def require_well_formed(token: str) -> None:
    """Raise InvalidToken if a part of ``token`` cannot be decoded. Verifies no signature."""
    try:
        jwt.get_unverified_header(token)
    # As in ClaimRules: PyJWT does not catch every error of Python's parsers.
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken(type(error).__name__) from error
