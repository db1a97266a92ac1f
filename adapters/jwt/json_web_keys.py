"""Select the keys of a JSON Web Key Set (RFC 7517) that may verify tokens."""

import json
from typing import Any, Final

import jwt
from jwt import PyJWK

from adapters.jwt.algorithms import KEY_SET_ALGORITHMS
from domain.text import quoted

# The first algorithm is that of a key without ``alg``.
_ALGORITHMS_OF: Final = {
    ("OKP", "Ed25519"): ("EdDSA",),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-521"): ("ES512",),
    ("RSA", None): ("RS256", "PS256"),
}
_REASONS_MAX: Final = 3


class UnusableKeySet(ValueError):
    """The document is not a key set or has no key that may verify tokens. The message says why."""


class _Unusable(ValueError):
    """The key may not verify tokens. The message says why."""


def usable_keys(document: bytes) -> dict[str | None, PyJWK]:
    """Return the keys in ``document`` that may verify tokens, by ``kid``; a single one also by
    None.

    All other keys are left out. Raises UnusableKeySet if no key remains.
    """
    members = _members(document)
    keys, reasons = [], []
    for member in members:
        try:
            keys.append(_usable(member))
        except _Unusable as error:
            reasons.append(str(error))
    if not keys:
        raise UnusableKeySet(_without_usable(reasons))
    found: dict[str | None, PyJWK] = {key.key_id: key for key in keys if key.key_id is not None}
    if len(keys) == 1:
        found[None] = keys[0]
    return found


def _members(document: bytes) -> list[Any]:
    text = document.strip()
    if not text:
        raise UnusableKeySet("the response is empty")
    if text.startswith(b"<"):
        raise UnusableKeySet("the response is an HTML page, no key set")
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        raise UnusableKeySet("the response is not JSON") from None
    members = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(members, list):
        raise UnusableKeySet("the response is JSON, but no key set: it has no list named keys")
    return members


def _without_usable(reasons: list[str]) -> str:
    if not reasons:
        return "the key set is empty"
    shown = ", ".join(dict.fromkeys(reasons[:_REASONS_MAX]))
    return (
        f"none of the {len(reasons)} keys in the key set can be used ({shown}); "
        f"{', '.join(KEY_SET_ALGORITHMS)} are supported"
    )


def _usable(member: Any) -> PyJWK:
    if not isinstance(member, dict):
        raise _Unusable("one is no object")
    try:
        allowed = _ALGORITHMS_OF[member["kty"], member.get("crv")]
    # For example a symmetric key, Ed448 or P-384. A list instead of a name raises TypeError.
    except (LookupError, TypeError):
        raise _Unusable(f"one is for {_purpose(member)}") from None
    algorithm = member.get("alg") or allowed[0]
    if algorithm not in allowed or (member.get("use") or "sig") != "sig":
        raise _Unusable(f"one is for {_purpose(member)}")
    if not isinstance(member.get("kid"), str | None):
        raise _Unusable("one has a kid that is no text")
    # A published private key proves nothing: anyone can sign with it.
    if "d" in member:
        raise _Unusable("one is private")
    try:
        key = PyJWK(member, algorithm)
    # PyJWT and Python raise these for values of the wrong type.
    except (jwt.PyJWTError, LookupError, TypeError):
        raise _Unusable("one is malformed") from None
    # RFC 7518, 3.3: an RSA key must not be shorter than 2048 bits.
    if key.Algorithm.check_key_length(key.key) is not None:
        raise _Unusable("one is too short")
    return key


def _purpose(member: dict[str, Any]) -> str:
    names = [member[name] for name in ("alg", "crv", "kty", "use") if member.get(name)]
    return " ".join(quoted(name) for name in names if isinstance(name, str)) or "an unknown purpose"
