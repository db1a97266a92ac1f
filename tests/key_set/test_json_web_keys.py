"""Which members of a published set become keys."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jwt.json_web_keys import UnusableKeySet, usable_keys
from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import (
    ALGORITHMS,
    SigningKey,
    ed448_key,
    short_rsa_key,
    signing_key,
)

good = signing_key(kid="good")
eddsa, es256, es512, rs256, ps256 = keys = [signing_key(name, kid="odd") for name in ALGORITHMS]


def without(member: str, key: SigningKey) -> dict[str, Any]:
    return {name: value for name, value in key.jwk.items() if name != member}


def private(key: SigningKey) -> dict[str, Any]:
    """Return the key as a careless issuer publishes it, with its private part."""
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    secret: dict[str, Any] = algorithm.to_jwk(key.private, as_dict=True)
    return secret | {"kid": key.kid, "alg": key.algorithm}


@pytest.mark.parametrize("key", keys, ids=ALGORITHMS)
def test_a_key_is_used_by_the_algorithm_that_it_names(key: SigningKey) -> None:
    found = usable_keys(key_set(good, key))
    assert {kid: value.algorithm_name for kid, value in found.items()} == {
        "good": "EdDSA",
        "odd": key.algorithm,
    }


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(eddsa, "EdDSA"), (es256, "ES256"), (es512, "ES512"), (rs256, "RS256"), (ps256, "RS256")],
    ids=ALGORITHMS,
)
def test_a_key_without_an_algorithm_uses_the_default_one(key: SigningKey, algorithm: str) -> None:
    assert usable_keys(key_set(without("alg", key)))["odd"].algorithm_name == algorithm


@pytest.mark.parametrize("extra", [{"use": "sig"}, {"use": None}, {"x5t": "?"}, {"ext": True}])
def test_members_that_change_nothing_are_ignored(extra: dict[str, Any]) -> None:
    assert "good" in usable_keys(key_set(good.jwk | extra))


ODD: dict[str, dict[str, Any]] = {
    "symmetric": {"kty": "oct", "k": "c2VjcmV0", "kid": "odd"},
    "symmetric with an algorithm": {"kty": "oct", "k": "c2VjcmV0", "kid": "odd", "alg": "HS256"},
    "Ed448": ed448_key("odd").jwk,
    "Ed448 without an algorithm": without("alg", ed448_key("odd")),
    "P-384": signing_key("ES384", kid="odd").jwk,
    "P-256 called ES512": es256.jwk | {"alg": "ES512"},
    "P-521 called ES256": es512.jwk | {"alg": "ES256"},
    "Ed25519 called RS256": eddsa.jwk | {"alg": "RS256"},
    "RSA called EdDSA": rs256.jwk | {"alg": "EdDSA"},
    "RSA called RS384": rs256.jwk | {"alg": "RS384"},
    "RSA called RS512": rs256.jwk | {"alg": "RS512"},
    "RSA called HS256": rs256.jwk | {"alg": "HS256"},
    "called none": eddsa.jwk | {"alg": "none"},
    "called a number": eddsa.jwk | {"alg": 1},
    "called a list": eddsa.jwk | {"alg": ["EdDSA"]},
    "for encryption": rs256.jwk | {"use": "enc"},
    "for key agreement": es256.jwk | {"alg": "ECDH-ES"},
    "a use that is no text": eddsa.jwk | {"use": ["sig"]},
    "a kid that is no text": eddsa.jwk | {"kid": ["odd"]},
    "a curve that is no text": eddsa.jwk | {"crv": ["Ed25519"]},
    "no kty": without("kty", eddsa),
    "no curve": without("crv", es256),
    "no point": without("x", eddsa),
    "half a point": without("y", es256),
    "no modulus": without("n", rs256),
    "a short point": eddsa.jwk | {"x": "AAAA"},
    "a point off the curve": es256.jwk | {"y": es256.jwk["x"]},
    "a point that is a number": eddsa.jwk | {"x": 7},
    "a point that is not base64": eddsa.jwk | {"x": "ä" * 43},
    "an even exponent": rs256.jwk | {"e": "AA"},
    "an exponent larger than the modulus": rs256.jwk | {"e": rs256.jwk["n"] + "AAAA"},
    "a short RSA key": short_rsa_key("odd").jwk,
    "a private Ed25519 key": private(eddsa),
    "a private P-256 key": private(es256),
    "a private RSA key": private(rs256),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_a_key_that_cannot_verify_is_left_out(odd: dict[str, Any]) -> None:
    assert set(usable_keys(key_set(odd, good))) == {"good", None}
    with pytest.raises(UnusableKeySet):
        usable_keys(key_set(odd))


def test_a_key_without_a_kid_is_found_only_when_alone() -> None:
    nameless = without("kid", eddsa)
    assert set(usable_keys(key_set(nameless))) == {None}
    assert set(usable_keys(key_set(nameless, good))) == {"good"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
members = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from([key.jwk[name] for key in keys if name in key.jwk]) | json_values
        for name in ("kty", "crv", "alg", "kid", "x", "y", "n", "e")
    }
    | {"use": json_values, "d": json_values},
)


@given(odd=st.lists(members | json_values, max_size=4))
def test_a_set_with_odd_members_keeps_its_good_key(odd: list[Any]) -> None:
    found = usable_keys(json.dumps({"keys": [*odd, good.jwk]}).encode())
    assert found["good"].algorithm_name == "EdDSA"


@given(document=st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_document_is_a_key_set_or_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - with any message
        usable_keys(document)
