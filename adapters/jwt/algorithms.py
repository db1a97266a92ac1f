"""The accepted signature algorithms, and why others are refused."""

from typing import Final

from domain.text import quoted

HMAC_ALGORITHM: Final = "HS256"
KEY_SET_ALGORITHMS: Final = ("EdDSA", "ES256", "ES512", "RS256", "PS256")


def refused_with_secret(algorithm: object) -> str:
    """Return why a token with this ``alg`` is refused if a secret is configured."""
    if algorithm in KEY_SET_ALGORITHMS:
        return (
            f"the token is signed with {algorithm}, but BETTER_AUTH_SECRET is what is configured: "
            "set BETTER_AUTH_JWKS_URL=https://<frontend>/api/auth/jwks"
        )
    return _unsigned(algorithm) or (
        f"the token is signed with {quoted(str(algorithm))}, but BETTER_AUTH_SECRET verifies "
        f"{HMAC_ALGORITHM} only"
    )


def refused_with_key_set(algorithm: object) -> str:
    """Return why a token with this ``alg`` is refused if a key set is configured."""
    if algorithm == HMAC_ALGORITHM:
        return (
            f"the token is signed with {algorithm}, a shared secret's algorithm, but "
            "BETTER_AUTH_JWKS_URL is what is configured: let Better Auth's jwt plugin sign with "
            "its own keys, as it does by default, or set BETTER_AUTH_SECRET instead"
        )
    return _unsigned(algorithm) or (
        f"the token is signed with {quoted(str(algorithm))}, but the keys of BETTER_AUTH_JWKS_URL "
        f"verify {', '.join(KEY_SET_ALGORITHMS)} only"
    )


def _unsigned(algorithm: object) -> str | None:
    if not isinstance(algorithm, str) or not algorithm:
        return "the token's header names no algorithm (alg)"
    if algorithm.lower() == "none":
        return "the token is not signed: its alg is none"
    return None
