"""Select the keys of a JSON Web Key Set (RFC 7517) that may verify tokens."""

import json
from typing import Any, Final

import jwt
from jwt import PyJWK

# The first is the algorithm of a key that names none.
_ALGORITHMS_OF: Final = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-521"): ("ES512",),
    ("RSA", None): ("RS256", "PS256"),
}
ALGORITHMS: Final = tuple(name for names in _ALGORITHMS_OF.values() for name in names)
"""Every algorithm that a token may name."""


class UnusableKeySet(ValueError):
    """The document is no key set, or none of its keys may verify tokens; the message says why."""


def usable_keys(document: bytes) -> dict[str | None, PyJWK]:
    """Return the keys in ``document`` that may verify tokens, by ``kid``; a sole one also by None.

    All other keys are left out. Raises ValueError or RecursionError if ``document`` is not JSON,
    UnusableKeySet if no key remains.
    """
    parsed = json.loads(document)
    members = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(members, list):
        raise UnusableKeySet("the document is not a key set")
    keys = [key for member in members if (key := _usable(member)) is not None]
    if not keys:
        raise UnusableKeySet(f"none of its {len(members)} keys is usable")
    found: dict[str | None, PyJWK] = {key.key_id: key for key in keys if key.key_id is not None}
    if len(keys) == 1:
        found[None] = keys[0]
    return found


def _usable(member: Any) -> PyJWK | None:
    try:
        allowed = _ALGORITHMS_OF[member["kty"], member.get("crv")]
        algorithm = member.get("alg") or allowed[0]
        if (
            algorithm not in allowed
            or (member.get("use") or "sig") != "sig"
            or not isinstance(member.get("kid"), str | None)
            # A published private key proves nothing: every reader can sign with it.
            or "d" in member
        ):
            return None
        key = PyJWK(member, algorithm)
    # PyJWT and Python raise these for members and values of the wrong type.
    except (jwt.PyJWTError, LookupError, TypeError):
        return None
    # RFC 7518, 3.3: an RSA key must not be shorter than 2048 bits.
    return key if key.Algorithm.check_key_length(key.key) is None else None
