"""Explain why a text is not a JSON Web Token."""

import re
from typing import Final

# Texts of JavaScript and Python for a variable that holds no token.
_NO_VALUES: Final = frozenset(
    (
        *("undefined", "null", "None", "NaN", "true", "false"),
        *("[object Object]", "[object Promise]"),
    )
)
_PARTS: Final = 3
_PARTS_IF_ENCRYPTED: Final = 5
_OTHER_CHARACTER: Final = re.compile(r"[^A-Za-z0-9_.=-]")


def form_problem(token: str) -> str:  # noqa: PLR0911 - one for each sentence
    """Return why ``token`` is not a JSON Web Token, without quoting it."""
    if token in _NO_VALUES:
        return f"the token is the text {token}: the frontend sends a variable that holds no token"
    if token.startswith(('"', "'")):
        return "the token stands in quotes, which are no part of it"
    if token[:7].lower() == "bearer ":
        return "the word Bearer stands twice before the token"
    parts = token.count(".") + 1
    if parts == _PARTS_IF_ENCRYPTED and not _OTHER_CHARACTER.search(token):
        return "the token is encrypted: only signed ones, of three parts, can be verified"
    if parts != _PARTS:
        return (
            f"the token is no JSON Web Token: it has {parts} of three parts, as Better Auth's "
            "session token has; the frontend gets a JSON Web Token from /api/auth/token"
        )
    if _OTHER_CHARACTER.search(token):
        return "the token is no JSON Web Token: it holds characters that none has"
    return (
        "the token is no JSON Web Token: its parts are not a header and a payload of "
        "base64url-encoded JSON objects and a signature, or are cut off"
    )
