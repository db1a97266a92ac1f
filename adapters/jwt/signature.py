"""Verify the signature of a token with PyJWT, and explain a refusal."""

from typing import Any, Final

import jwt

from adapters.jwt.algorithms import refused_with_secret
from adapters.jwt.token_form import form_problem
from adapters.jwt.token_header import header_of, key_id_of, require_known_extensions
from application.errors import InvalidToken
from application.token_checks import TokenCheck
from domain.text import quoted

# ClaimRules checks the claims: PyJWT's errors do not say what was found.
_CLAIMS: Final = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
_SIGNATURE_ONLY: Final[Any] = {f"verify_{claim}": False for claim in _CLAIMS}

# PyJWT does not catch all errors of Python's parser for hostile JSON.
_REFUSALS: Final = (jwt.PyJWTError, ValueError, TypeError, RecursionError)


def signed_claims(token: str, key: jwt.PyJWK | bytes, *, algorithm: str) -> dict[str, Any]:
    """Return the unchecked claims of ``token`` if ``key`` has signed it with ``algorithm``.

    ``key`` is the shared secret or a key of the key set. Raises InvalidToken.
    """
    try:
        return jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY)
    except _REFUSALS as error:
        _require_readable_header(token, key, algorithm)
        if isinstance(error, jwt.InvalidSignatureError):
            raise InvalidToken(TokenCheck.SIGNATURE, _mismatch(key)) from error
        raise InvalidToken(TokenCheck.FORM, form_problem(token)) from error


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the unverified claims of ``token``. Raises InvalidToken if they cannot be decoded."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except _REFUSALS as error:
        require_known_extensions(header_of(token))
        raise InvalidToken(TokenCheck.FORM, form_problem(token)) from error


def _require_readable_header(token: str, key: jwt.PyJWK | bytes, algorithm: str) -> None:
    header = header_of(token)
    named = header.get("alg")
    if named != algorithm:
        problem = (
            refused_with_secret(named)
            if isinstance(key, bytes)
            else f"the token is signed with {named}, but its key {_name(key)} in "
            f"BETTER_AUTH_JWKS_URL is for {algorithm}"
        )
        raise InvalidToken(TokenCheck.ALGORITHM, problem)
    require_known_extensions(header)
    key_id_of(header)


def _mismatch(key: jwt.PyJWK | bytes) -> str:
    if isinstance(key, bytes):
        return (
            "the token is signed with another secret than BETTER_AUTH_SECRET, or was changed: set "
            "the same characters here and in the frontend"
        )
    return (
        f"the signature is not that of the key {_name(key)} in BETTER_AUTH_JWKS_URL: another key "
        "signed the token, or it was changed"
    )


def _name(key: jwt.PyJWK) -> str:
    return "without a kid" if key.key_id is None else quoted(key.key_id)
