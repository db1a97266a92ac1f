"""Tokens signed with a secret that the issuer and this service share."""

import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm

from adapters.jwt.algorithms import HMAC_ALGORITHM
from adapters.jwt.claims import ClaimRules
from adapters.jwt.examination import examined
from adapters.jwt.signature import signed_claims
from application.errors import InvalidConfiguration, InvalidToken
from application.token_checks import TokenCheck, TokenReport

# The settings warn of a short secret once, at startup. PyJWT would warn for every token.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)


class _HmacWithKnownKeys(HMACAlgorithm):
    """HS256 that checks each key only once.

    PyJWT's own checks for every token that the key is not a public key or a JSON Web Key. That
    takes half as long as the rest of the verification. Here keys come from the settings, never from
    a token.
    """

    def __init__(self) -> None:
        super().__init__(HMACAlgorithm.SHA256)
        self._prepare = lru_cache(maxsize=16)(super().prepare_key)

    def prepare_key(self, key: str | bytes) -> bytes:
        return self._prepare(key)


jwt.unregister_algorithm(HMAC_ALGORITHM)
jwt.register_algorithm(HMAC_ALGORITHM, _HmacWithKnownKeys())


class SharedSecretTokenVerifier:
    """Accepts HS256 tokens signed with the plain UTF-8 bytes of ``secret``, or of ``previous``."""

    def __init__(self, *, secret: str, previous: str | None = None, rules: ClaimRules) -> None:
        """``previous`` is the secret that is being replaced, if any.

        Raise InvalidConfiguration if a secret is a public key or a JSON Web Key.
        """
        self._key = _checked("BETTER_AUTH_SECRET", secret)
        self._previous = None
        if previous is not None:
            self._previous = _checked("BETTER_AUTH_SECRET_PREVIOUS", previous)
        self._rules = rules

    @property
    def requirements(self) -> str:
        return (
            f"tokens need the algorithm {HMAC_ALGORITHM} with BETTER_AUTH_SECRET, "
            f"{self._rules.description}; for a Better Auth that signs with EdDSA, its default, set "
            "BETTER_AUTH_JWKS_URL=https://<frontend>/api/auth/jwks"
        )

    async def keys(self) -> Mapping[str | None, str]:
        return {None: HMAC_ALGORITHM}

    async def subject_of(self, token: str) -> str:
        claims = self._signed_claims(token)
        return self._rules.subject_of(claims, now=time.time())

    def _signed_claims(self, token: str) -> dict[str, Any]:
        try:
            return signed_claims(token, self._key, algorithm=HMAC_ALGORITHM)
        except InvalidToken as refusal:
            if self._previous is None or refusal.check is not TokenCheck.SIGNATURE:
                raise
            with suppress(InvalidToken):
                return signed_claims(token, self._previous, algorithm=HMAC_ALGORITHM)
            raise

    async def examine(self, token: str) -> TokenReport:
        return await examined(token, self, self._rules)


def _checked(setting: str, secret: str) -> bytes:
    key = secret.encode()
    try:
        jwt.get_algorithm_by_name(HMAC_ALGORITHM).prepare_key(key)
    except jwt.InvalidKeyError as error:
        raise InvalidConfiguration(f"{setting} is no secret: {error}") from error
    return key


def mint(
    *,
    secret: str,
    subject: str,
    lifetime: timedelta,
    issuer: str | None = None,
    audience: str | None = None,
) -> str:
    """Return a token for ``subject`` that a SharedSecretTokenVerifier with ``secret`` accepts.

    For development: in production the frontend's Better Auth issues the tokens. Raises
    InvalidConfiguration as SharedSecretTokenVerifier does.
    """
    now = datetime.now(UTC)
    claims: dict[str, object] = {"sub": subject, "iat": now, "exp": now + lifetime}
    if issuer is not None:
        claims["iss"] = issuer
    if audience is not None:
        claims["aud"] = audience
    return jwt.encode(claims, _checked("BETTER_AUTH_SECRET", secret), HMAC_ALGORITHM)
