"""Tokens of the benchmark's users, and the secret or the key set that verifies them."""

import base64
import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.loopback import serve

SECRET: Final = "a secret of the benchmark, longer than 32 bytes"  # noqa: S105 - the benchmark's alone
ISSUER: Final = "http://localhost:3000"
_KEY_ID: Final = "benchmark"
_PRIVATE_KEY: Final = Ed25519PrivateKey.generate()


class Signing(StrEnum):
    """How tokens are signed."""

    HS256 = "HS256"
    """With the secret that the issuer and the service share."""
    EDDSA = "EdDSA"
    """With an Ed25519 key whose public half the issuer publishes as a key set."""


@cache
def token(user_id: str, signing: Signing = Signing.HS256) -> str:
    """Return a token that is valid for a day."""
    now = datetime.now(UTC)
    return signed({"sub": user_id, "iat": now, "exp": now + timedelta(days=1)}, signing)


def signed(claims: dict[str, Any], signing: Signing, *, by_issuer: bool = True) -> str:
    """Return a token with these claims. It is forged unless ``by_issuer``."""
    if signing is Signing.HS256:
        return jwt.encode(claims, SECRET if by_issuer else SECRET + "?", algorithm="HS256")
    key = _PRIVATE_KEY if by_issuer else Ed25519PrivateKey.generate()
    # Better Auth sets both.
    claims = {"iss": ISSUER, "aud": ISSUER, **claims}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": _KEY_ID})


def settings(signing: Signing) -> dict[str, str]:
    """Return the environment variables of a service that verifies such tokens."""
    if signing is Signing.HS256:
        return {"BETTER_AUTH_SECRET": SECRET}
    return {
        "BETTER_AUTH_JWKS_URL": _key_set_url(),
        "BETTER_AUTH_ISSUER": ISSUER,
        "BETTER_AUTH_AUDIENCE": ISSUER,
    }


@cache
def _key_set_url() -> str:
    """Serve the key set, once, and return its URL."""
    public = base64.urlsafe_b64encode(_PRIVATE_KEY.public_key().public_bytes_raw())
    x = public.rstrip(b"=").decode()
    key = {"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "kid": _KEY_ID}
    return f"{serve(json.dumps({'keys': [key]}).encode())}/api/auth/jwks"
