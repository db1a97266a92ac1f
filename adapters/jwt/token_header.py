"""The header of a token whose signature has not been verified."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from adapters.jwt.token_form import form_problem
from application.errors import InvalidToken
from application.token_checks import TokenCheck

HEADER_MAX: Final = 8 * 1024
"""Most characters of the header part that are decoded."""
KEY_ID_MAX: Final = 255
"""Most characters of a ``kid``."""


def header_of(token: str) -> dict[str, Any]:
    """Return the header of ``token``, without decoding the other parts.

    Raises InvalidToken. The caller must verify the token afterwards.
    """
    part = token.partition(".")[0]
    if len(part) > HEADER_MAX:
        raise InvalidToken(
            TokenCheck.FORM, f"the token's header has more than {HEADER_MAX} characters"
        )
    try:
        # Surplus padding is ignored.
        header = json.loads(urlsafe_b64decode(part + "=="))
    except (ValueError, RecursionError) as error:
        raise InvalidToken(TokenCheck.FORM, form_problem(token)) from error
    if not isinstance(header, dict):
        raise InvalidToken(TokenCheck.FORM, form_problem(token))
    return header


def key_id_of(header: Mapping[str, Any]) -> str | None:
    """Return the ``kid`` of ``header``; None if it has none. Raises InvalidToken."""
    key_id = header.get("kid")
    if isinstance(key_id, str):
        if len(key_id) > KEY_ID_MAX:
            raise InvalidToken(
                TokenCheck.KEY, f"the token's kid has more than {KEY_ID_MAX} characters"
            )
        return key_id
    # PyJWT also refuses a kid of null.
    if "kid" in header:
        raise InvalidToken(TokenCheck.KEY, "the token's kid, the name of its key, is no text")
    return None


def require_known_extensions(header: Mapping[str, Any]) -> None:
    """Raise InvalidToken if ``header`` names a critical extension that PyJWT does not support."""
    critical = header.get("crit")
    if critical is None and "crit" not in header:
        return
    if not isinstance(critical, list) or not critical:
        problem = "the token's crit, its critical extensions, is no list of names"
    elif any(name != "b64" for name in critical):
        problem = "the token has a critical extension (crit) that is not supported"
    else:
        return
    raise InvalidToken(TokenCheck.EXTENSIONS, problem)
