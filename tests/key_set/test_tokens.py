"""Tokens that a key set accepts or refuses."""

import base64
import hmac
import json
import time
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from application.errors import ExpiredToken, InvalidToken
from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import ALGORITHMS, ISSUER, SigningKey, signing_key

eddsa, es256, es512, rs256, ps256 = keys = [signing_key(name, kid=name) for name in ALGORITHMS]


@pytest.fixture
def published() -> KeySetTokenVerifier:
    """A verifier whose issuer publishes one key for each algorithm."""
    return verifier_of_all()


@cache
def verifier_of_all() -> KeySetTokenVerifier:
    """One for all tests, because each reads the certificates when it is made."""
    return verifier_of(*keys)


def verifier_of(*published: SigningKey | dict[str, Any]) -> KeySetTokenVerifier:
    document = key_set(*published)
    return KeySetTokenVerifier(
        url="https://tasks.example/api/auth/jwks",
        rules=ClaimRules(issuer=ISSUER, audience=ISSUER),
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=document)),
    )


def encoded(part: object) -> str:
    text = part if isinstance(part, str) else json.dumps(part)
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def hs256(secret: bytes, **header: object) -> str:
    """A token signed with HS256 by hand: PyJWT refuses such secrets."""
    payload = {"sub": "mallory", "iss": ISSUER, "aud": ISSUER, "exp": int(time.time()) + 900}
    unsigned = f"{encoded({'alg': 'HS256', 'typ': 'JWT'} | header)}.{encoded(payload)}"
    signature = hmac.digest(secret, unsigned.encode(), "sha256")
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("key", keys, ids=ALGORITHMS)
async def test_a_token_of_each_algorithm_is_accepted(
    published: KeySetTokenVerifier, key: SigningKey
) -> None:
    assert await published.subject_of(key.token()) == "ada"


@pytest.mark.parametrize("key", keys, ids=ALGORITHMS)
async def test_a_token_signed_with_another_key_is_refused(
    published: KeySetTokenVerifier, key: SigningKey
) -> None:
    impostor = signing_key(key.algorithm, kid="impostor")
    with pytest.raises(InvalidToken):
        await published.subject_of(impostor.token(headers={"kid": key.kid}))


@pytest.mark.parametrize("key", keys, ids=ALGORITHMS)
async def test_a_changed_token_is_refused(published: KeySetTokenVerifier, key: SigningKey) -> None:
    header, payload, signature = key.token().split(".")
    claims = jwt.decode(f"{header}.{payload}.{signature}", options={"verify_signature": False})
    with pytest.raises(InvalidToken):
        await published.subject_of(f"{header}.{encoded(claims | {'sub': 'bob'})}.{signature}")


@pytest.mark.parametrize("key", keys, ids=ALGORITHMS)
async def test_public_key_material_is_refused_as_a_shared_secret(
    published: KeySetTokenVerifier, key: SigningKey
) -> None:
    jwk = key.jwk
    secrets = [key.pem, key.pem.strip(), json.dumps(jwk).encode(), b""]
    secrets += [str(value).encode() for value in jwk.values()]
    for secret in secrets:
        for header in ({}, {"alg": "HS384"}, {"alg": key.algorithm}):
            with pytest.raises(InvalidToken):
                await published.subject_of(hs256(secret, kid=key.kid, **header))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 0, [], ["EdDSA"], {}])
async def test_a_token_without_a_real_algorithm_is_refused(
    published: KeySetTokenVerifier, algorithm: object
) -> None:
    payload = eddsa.token().split(".")[1]
    header = encoded({"alg": algorithm, "kid": eddsa.kid})
    for token in (f"{header}.{payload}.", f"{header}.{payload}", f"{header}.{payload}.AAAA"):
        with pytest.raises(InvalidToken):
            await published.subject_of(token)


async def test_a_token_that_names_no_algorithm_is_refused(published: KeySetTokenVerifier) -> None:
    _, payload, signature = eddsa.token().split(".")
    with pytest.raises(InvalidToken):
        await published.subject_of(f"{encoded({'kid': eddsa.kid})}.{payload}.{signature}")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (rs256, "PS256"),
        (ps256, "RS256"),
        (rs256, "RS384"),
        (rs256, "RS512"),
        (ps256, "PS512"),
    ],
    ids=str,
)
async def test_a_key_verifies_by_its_own_algorithm_only(
    published: KeySetTokenVerifier, key: SigningKey, algorithm: str
) -> None:
    with pytest.raises(InvalidToken):
        await published.subject_of(key.token(algorithm=algorithm))


@pytest.mark.parametrize("signer", keys, ids=lambda key: f"signed by {key.algorithm}")
@pytest.mark.parametrize("named", keys, ids=lambda key: f"names {key.kid}")
async def test_a_token_that_names_a_key_of_another_kind_is_refused(
    published: KeySetTokenVerifier, signer: SigningKey, named: SigningKey
) -> None:
    token = signer.token(headers={"kid": named.kid})
    if signer is named:
        assert await published.subject_of(token) == "ada"
    else:
        with pytest.raises(InvalidToken):
            await published.subject_of(token)


async def test_a_key_in_the_token_itself_is_ignored(published: KeySetTokenVerifier) -> None:
    mallory = signing_key(kid="mallory")
    for headers in ({"jwk": mallory.jwk}, {"jku": "https://mallory.example/jwks"}, {"x5c": ["A"]}):
        for kid in (eddsa.kid, mallory.kid):
            with pytest.raises(InvalidToken):
                await published.subject_of(mallory.token(headers=headers | {"kid": kid}))


async def test_a_token_without_a_kid_needs_a_set_of_one_key(
    published: KeySetTokenVerifier,
) -> None:
    token = eddsa.token(headers={"kid": None})
    assert await verifier_of(eddsa).subject_of(token) == "ada"
    with pytest.raises(InvalidToken):
        await published.subject_of(token)


async def test_keys_that_cannot_verify_do_not_count_for_a_token_without_a_kid() -> None:
    verifier = verifier_of(eddsa, {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"})
    assert await verifier.subject_of(eddsa.token(headers={"kid": None})) == "ada"


@pytest.mark.parametrize("kid", [None, 1, True, ["EdDSA"], {"a": 1}], ids=str)
async def test_a_kid_that_is_not_a_string_is_refused(
    published: KeySetTokenVerifier, kid: object
) -> None:
    _, payload, signature = eddsa.token().split(".")
    header = encoded({"alg": "EdDSA", "kid": kid})
    with pytest.raises(InvalidToken):
        await published.subject_of(f"{header}.{payload}.{signature}")


async def test_a_kid_of_255_characters_is_the_longest() -> None:
    longest, longer = (signing_key(kid="k" * length) for length in (255, 256))
    verifier = verifier_of(longest, longer)
    assert await verifier.subject_of(longest.token()) == "ada"
    with pytest.raises(InvalidToken, match="more than 255"):
        await verifier.subject_of(longer.token())


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["https://tasks.example/unheard-of"], "https://tasks.example/unheard-of": 1},
        {"crit": []},
        {"crit": "b64"},
        {"crit": [1]},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
    ],
    ids=str,
)
async def test_a_critical_header_that_is_not_understood_is_refused(
    published: KeySetTokenVerifier, headers: dict[str, object]
) -> None:
    payload = eddsa.token().split(".")[1]
    unsigned = f"{encoded({'alg': 'EdDSA', 'kid': eddsa.kid} | headers)}.{payload}"
    signature = base64.urlsafe_b64encode(eddsa.private.sign(unsigned.encode())).decode()
    with pytest.raises(InvalidToken):
        await published.subject_of(f"{unsigned}.{signature.rstrip('=')}")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": "https://elsewhere.example"},
        {"iss": ISSUER + "/"},
        {"iss": [ISSUER]},
        {"aud": None},
        {"aud": "https://elsewhere.example"},
        {"aud": []},
        {"aud": {ISSUER: 1}},
        # Signed with the same key and for the same user, but intended only for Better Auth's own
        # cookie.
        {"aud": "better-auth:session-cache"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1e400},
        {"nbf": 99999999999},
        {"nbf": "now"},
        {"iat": 99999999999},
        {"iat": "now"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": ["ada"]},
        {"sub": "a" * 256},
        {"sub": "ada\x00"},
        {"sub": "\ud800"},
    ],
    ids=str,
)
async def test_a_token_whose_claims_break_a_rule_is_refused(
    published: KeySetTokenVerifier, claims: dict[str, Any]
) -> None:
    # Signed by hand, because PyJWT refuses to sign some of them.
    header, payload, _ = eddsa.token().split(".")
    usual = jwt.decode(f"{header}.{payload}.", options={"verify_signature": False})
    said = {name: value for name, value in (usual | claims).items() if value is not None}
    unsigned = f"{header}.{encoded(said)}"
    signature = base64.urlsafe_b64encode(eddsa.private.sign(unsigned.encode())).decode()
    with pytest.raises(InvalidToken) as caught:
        await published.subject_of(f"{unsigned}.{signature.rstrip('=')}")
    assert caught.type is InvalidToken


async def test_an_audience_among_several_is_accepted(published: KeySetTokenVerifier) -> None:
    token = eddsa.token(aud=["https://elsewhere.example", ISSUER])
    assert await published.subject_of(token) == "ada"


async def test_only_a_valid_signature_can_be_reported_as_expired(
    published: KeySetTokenVerifier,
) -> None:
    past = int(time.time()) - 60
    with pytest.raises(ExpiredToken):
        await published.subject_of(eddsa.token(exp=past))
    impostor = signing_key(kid="impostor")
    with pytest.raises(InvalidToken) as caught:
        await published.subject_of(impostor.token(exp=past, headers={"kid": eddsa.kid}))
    assert caught.type is InvalidToken


async def test_the_clocks_may_differ_by_half_a_minute(published: KeySetTokenVerifier) -> None:
    now = int(time.time())
    for token in (
        eddsa.token(exp=now - 20),
        eddsa.token(nbf=now + 20),
        eddsa.token(iat=now + 20),
    ):
        assert await published.subject_of(token) == "ada"


async def test_no_part_of_a_text_that_is_no_token_is_in_the_message(
    published: KeySetTokenVerifier,
) -> None:
    for token in ("s3cret", "s3cret.s3cret", "s3cret.s3cret.s3cret", '"s3cret"', "Bearer s3cret"):
        with pytest.raises(InvalidToken) as caught:
            await published.subject_of(token)
        assert "s3cret" not in str(caught.value)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(token=st.text() | st.text(alphabet="abcAB12.-_=").map(lambda text: text + ".e30.AA"))
@example(token="\ud800.\ud800.\ud800")
@example(token="." * 8192)
@example(token=f"{encoded('[' * 5000)}.e30.AA")
@example(token=f"{encoded('9' * 5000)}.e30.AA")
@example(token=f"{encoded('{}')}.e30.AA")
async def test_every_text_is_refused_as_an_invalid_token(token: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier_of_all().subject_of(token)


@given(
    header=st.fixed_dictionaries(
        {},
        optional={
            "alg": st.sampled_from([*ALGORITHMS, "HS256", "none"]) | any_json,
            "kid": st.just("EdDSA") | any_json,
            "crit": any_json,
            "b64": any_json,
            "typ": any_json,
        },
    )
    | any_json,
    payload=any_json,
)
async def test_every_header_and_payload_is_refused_as_an_invalid_token(
    header: object, payload: object
) -> None:
    unsigned = f"{encoded(header)}.{encoded(payload)}"
    signature = base64.urlsafe_b64encode(eddsa.private.sign(unsigned.encode())).decode()
    with pytest.raises(InvalidToken):
        await verifier_of_all().subject_of(f"{unsigned}.{signature.rstrip('=')}")


@given(
    claims=st.dictionaries(st.sampled_from(["sub", "iss", "aud", "exp", "nbf", "iat"]), any_json)
)
async def test_signed_claims_are_accepted_or_refused_as_an_invalid_token(
    claims: dict[str, Any],
) -> None:
    usual = {"sub": "ada", "iss": ISSUER, "aud": ISSUER, "exp": int(time.time()) + 900}
    header = eddsa.token().split(".")[0]
    unsigned = f"{header}.{encoded(usual | claims)}"
    signature = base64.urlsafe_b64encode(eddsa.private.sign(unsigned.encode())).decode()
    try:
        subject = await verifier_of_all().subject_of(f"{unsigned}.{signature.rstrip('=')}")
    except InvalidToken:
        return
    assert subject == (usual | claims)["sub"]
