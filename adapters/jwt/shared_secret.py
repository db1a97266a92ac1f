"""Tokens signed with a secret that the issuer and this service share."""

import warnings
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
from jwt.algorithms import HMACAlgorithm
from jwt.utils import base64url_encode
from jwt.warnings import InsecureKeyLengthWarning

from adapters.jwt.claims import ClaimRules
from application.errors import InvalidConfiguration

_ALGORITHM: Final = "HS256"

# Said once, at the start, where the setting is read; PyJWT would say it for every token.
warnings.filterwarnings("ignore", category=InsecureKeyLengthWarning)


class SharedSecretTokenVerifier:
    """Accepts HS256 tokens signed with the plain UTF-8 bytes of ``secret``."""

    def __init__(self, *, secret: str, rules: ClaimRules) -> None:
        """Raise InvalidConfiguration when ``secret`` is a key of another kind."""
        self._key = _key(secret.encode())
        self._rules = rules

    async def subject_of(self, token: str) -> str:
        return self._rules.subject_of(token, self._key)


class _Hmac(HMACAlgorithm):
    """HS256 with one key. PyJWT looks at it once, instead of again for every token."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(HMACAlgorithm.SHA256)
        self._prepared = super().prepare_key(secret)

    def prepare_key(self, _key: str | bytes) -> bytes:
        return self._prepared


def _key(secret: bytes) -> jwt.PyJWK:
    key = jwt.PyJWK({"kty": "oct", "k": base64url_encode(secret).decode()}, _ALGORITHM)
    try:
        key.Algorithm = _Hmac(secret)
    except jwt.InvalidKeyError as error:
        raise InvalidConfiguration(f"BETTER_AUTH_SECRET is no secret: {error}") from error
    return key


def mint(
    *,
    secret: str,
    subject: str,
    lifetime: timedelta,
    issuer: str | None = None,
    audience: str | None = None,
) -> str:
    """A token for ``subject`` that a SharedSecretTokenVerifier with ``secret`` accepts.

    For development: in production the frontend's Better Auth issues the tokens. Raises
    InvalidConfiguration as SharedSecretTokenVerifier does.
    """
    now = datetime.now(UTC)
    claims: dict[str, object] = {"sub": subject, "iat": now, "exp": now + lifetime}
    if issuer is not None:
        claims["iss"] = issuer
    if audience is not None:
        claims["aud"] = audience
    return jwt.encode(claims, _key(secret.encode()))
