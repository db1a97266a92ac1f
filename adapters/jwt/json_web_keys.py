"""Which keys of a JSON Web Key Set (RFC 7517) may verify tokens, and by which algorithm."""

import json
from typing import Any, Final

import jwt
from jwt import PyJWK

# The first one is meant by a key that names no algorithm.
_ALGORITHMS_OF: Final = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-521"): ("ES512",),
    ("RSA", None): ("RS256", "PS256"),
}
ALGORITHMS: Final = tuple(name for names in _ALGORITHMS_OF.values() for name in names)
"""Every algorithm that a token may be signed with."""


class UnusableKeySet(ValueError):
    """A document is no key set, or none of its keys may verify a token. The message says why."""


def usable_keys(document: bytes) -> dict[str | None, PyJWK]:
    """The keys in ``document`` that may verify tokens, by ``kid``; a lone one also under None.

    Every other key is left out, however odd it is. Raises ValueError or RecursionError when
    ``document`` is not JSON, UnusableKeySet when nothing in it is usable.
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
            # Whoever can read the set could sign with a private key.
            or "d" in member
        ):
            return None
        key = PyJWK(member, algorithm)
    # What PyJWT and Python make of members and values of the wrong type.
    except (jwt.PyJWTError, LookupError, TypeError):
        return None
    # RFC 7518, 3.3: an RSA key must not be shorter than 2048 bits.
    return key if key.Algorithm.check_key_length(key.key) is None else None
