"""The log's sentence for each refused token."""

import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import httpx
import jwt
import pytest

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from adapters.jwt.shared_secret import SharedSecretTokenVerifier
from application.errors import ExpiredToken, InvalidToken
from application.ports.token_verifier import TokenExaminer
from application.token_checks import TokenCheck
from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import ISSUER, signing_key

SECRET = "a secret that has thirty-two bytes or more"
URL = "https://user:s3cret@tasks.example/api/auth/jwks?key=s3cret"
SHOWN_URL = "BETTER_AUTH_JWKS_URL=https://tasks.example/api/auth/jwks"
DEFAULT = " (by default the origin of BETTER_AUTH_JWKS_URL)"

RULES = ClaimRules(issuer=ISSUER, audience=ISSUER)

first, second = signing_key(kid="first"), signing_key("RS256", kid="second")


@pytest.fixture(scope="module")
def of_secret() -> TokenExaminer:
    return SharedSecretTokenVerifier(secret=SECRET, rules=ClaimRules(issuer=ISSUER))


@pytest.fixture(scope="module")
def of_key_set() -> TokenExaminer:
    document = key_set(first, second)
    return KeySetTokenVerifier(
        url=URL,
        rules=RULES,
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=document)),
    )


def shared(*, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    claims = {"sub": "ada", "iss": ISSUER, "exp": int(time.time()) + 60}
    return jwt.encode(claims, secret, algorithm, headers=header)


def with_header(header: dict[str, Any]) -> str:
    """Return a token of the first key whose header is not covered by its signature."""
    _, payload, signature = first.token().split(".")
    part = urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{part}.{payload}.{signature}"


async def refusal(verifier: TokenExaminer, token: str) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        await verifier.subject_of(token)
    return caught.value


NO_TOKEN = "the token is the text {}: the frontend sends a variable that holds no token"
PARTS = (
    "the token is no JSON Web Token: it has {} of three parts, as Better Auth's session token has; "
    "the frontend gets a JSON Web Token from /api/auth/token"
)
FORMS = {
    "undefined": NO_TOKEN.format("undefined"),
    "null": NO_TOKEN.format("null"),
    "[object Object]": NO_TOKEN.format("[object Object]"),
    "[object Promise]": NO_TOKEN.format("[object Promise]"),
    "pUHQzTcS3cN4yJ0uXrS0sV6JgT2aGd1k": PARTS.format(1),
    "pUHQzTcS3cN4yJ0uXrS0sV6JgT2aGd1k.vTqg%2FhW0": PARTS.format(2),
    "a.b.c.d": PARTS.format(4),
    '"a.b.c"': "the token stands in quotes, which are no part of it",
    "Bearer a.b.c": "the word Bearer stands twice before the token",
    "a.b.c.d.e": "the token is encrypted: only signed ones, of three parts, can be verified",
    "a.b.c,d.e.f": PARTS.format(5),
    "a.b.c d": "the token is no JSON Web Token: it holds characters that none has",
    "a.b.c": "the token is no JSON Web Token: its parts are not a header and a payload of "
    "base64url-encoded JSON objects and a signature, or are cut off",
}


@pytest.mark.parametrize("kind", ["of_secret", "of_key_set"])
@pytest.mark.parametrize("token", FORMS)
async def test_a_text_that_is_no_token(
    request: pytest.FixtureRequest, kind: str, token: str
) -> None:
    error = await refusal(request.getfixturevalue(kind), token)
    assert (error.check, str(error)) == (TokenCheck.FORM, FORMS[token])


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256", "PS256"])
async def test_a_key_sets_token_where_a_secret_is_configured(
    of_secret: TokenExaminer, algorithm: str
) -> None:
    error = await refusal(of_secret, signing_key(algorithm).token())
    assert error.check is TokenCheck.ALGORITHM
    assert str(error) == (
        f"the token is signed with {algorithm}, but BETTER_AUTH_SECRET is what is configured: "
        "set BETTER_AUTH_JWKS_URL=https://<frontend>/api/auth/jwks"
    )


async def test_a_secrets_token_where_a_key_set_is_configured(of_key_set: TokenExaminer) -> None:
    error = await refusal(of_key_set, shared())
    assert error.check is TokenCheck.ALGORITHM
    assert str(error) == (
        "the token is signed with HS256, a shared secret's algorithm, but BETTER_AUTH_JWKS_URL is "
        "what is configured: let Better Auth's jwt plugin sign with its own keys, as it does by "
        "default, or set BETTER_AUTH_SECRET instead"
    )


async def test_another_algorithm_of_shared_secrets(of_secret: TokenExaminer) -> None:
    error = await refusal(of_secret, shared(algorithm="HS512"))
    assert error.check is TokenCheck.ALGORITHM
    assert str(error) == (
        "the token is signed with 'HS512', but BETTER_AUTH_SECRET verifies HS256 only"
    )


HEADERS: list[tuple[dict[str, Any], TokenCheck, str]] = [
    ({"alg": "none"}, TokenCheck.ALGORITHM, "the token is not signed: its alg is none"),
    ({}, TokenCheck.ALGORITHM, "the token's header names no algorithm (alg)"),
    ({"alg": ["EdDSA"]}, TokenCheck.ALGORITHM, "the token's header names no algorithm (alg)"),
    (
        {"alg": "ES384\n"},
        TokenCheck.ALGORITHM,
        r"the token is signed with 'ES384\n', but the keys of BETTER_AUTH_JWKS_URL verify EdDSA, "
        "ES256, ES512, RS256, PS256 only",
    ),
    (
        {"alg": "EdDSA", "kid": "first", "crit": ["urn:x\r\n"]},
        TokenCheck.EXTENSIONS,
        "the token has a critical extension (crit) that is not supported",
    ),
    (
        {"alg": "EdDSA", "kid": "first", "crit": "b64"},
        TokenCheck.EXTENSIONS,
        "the token's crit, its critical extensions, is no list of names",
    ),
    (
        {"alg": "EdDSA", "kid": 5},
        TokenCheck.KEY,
        "the token's kid, the name of its key, is no text",
    ),
    (
        {"alg": "EdDSA", "kid": None},
        TokenCheck.KEY,
        "the token's kid, the name of its key, is no text",
    ),
    (
        {"alg": "EdDSA", "kid": "k" * 256},
        TokenCheck.KEY,
        "the token's kid has more than 255 characters",
    ),
    (
        {"alg": "EdDSA", "kid": "third"},
        TokenCheck.KEY,
        f"{SHOWN_URL} has no key 'third'; it has the keys 'first' (EdDSA), 'second' (RS256)",
    ),
    (
        {"alg": "EdDSA", "kid": "k" * 255},
        TokenCheck.KEY,
        f"{SHOWN_URL} has no key '{'k' * 120}'…; it has the keys 'first' (EdDSA), 'second' (RS256)",
    ),
    (
        {"alg": "EdDSA"},
        TokenCheck.KEY,
        f"the token names no key (kid), and {SHOWN_URL} has the keys 'first' (EdDSA), "
        "'second' (RS256)",
    ),
    (
        {"alg": "EdDSA", "kid": "second"},
        TokenCheck.ALGORITHM,
        "the token is signed with EdDSA, but its key 'second' in BETTER_AUTH_JWKS_URL is for RS256",
    ),
    (
        {"alg": "EdDSA", "kid": "first", "x": 1},
        TokenCheck.SIGNATURE,
        "the signature is not that of the key 'first' in BETTER_AUTH_JWKS_URL: another key signed "
        "the token, or it was changed",
    ),
]


@pytest.mark.parametrize(
    ("header", "check", "sentence"), HEADERS, ids=lambda value: str(value)[:40]
)
async def test_a_header_that_a_key_set_does_not_fit(
    of_key_set: TokenExaminer, header: dict[str, Any], check: TokenCheck, sentence: str
) -> None:
    error = await refusal(of_key_set, with_header(header))
    assert (error.check, str(error)) == (check, sentence)


async def test_a_set_of_many_keys_is_not_listed_in_full() -> None:
    document = key_set(*(signing_key(kid=str(number)) for number in range(7)))
    verifier = KeySetTokenVerifier(
        url=URL,
        rules=ClaimRules(),
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=document)),
    )
    error = await refusal(verifier, with_header({"alg": "EdDSA", "kid": "x"}))
    assert str(error).endswith("'3' (EdDSA), '4' (EdDSA) and 2 more")


async def test_another_secret(of_secret: TokenExaminer) -> None:
    error = await refusal(of_secret, shared(secret=SECRET[::-1]))
    assert error.check is TokenCheck.SIGNATURE
    assert str(error) == (
        "the token is signed with another secret than BETTER_AUTH_SECRET, or was changed: set the "
        "same characters here and in the frontend"
    )


@pytest.mark.parametrize(
    ("header", "check"),
    [
        ({"crit": ["urn:x"]}, TokenCheck.EXTENSIONS),
        ({"crit": []}, TokenCheck.EXTENSIONS),
        ({"kid": 5}, TokenCheck.KEY),
        ({"b64": False}, TokenCheck.FORM),
    ],
    ids=str,
)
async def test_a_header_that_a_secret_does_not_fit(
    of_secret: TokenExaminer, header: dict[str, Any], check: TokenCheck
) -> None:
    assert (await refusal(of_secret, with_header({"alg": "HS256"} | header))).check is check


CLAIMS: list[tuple[dict[str, Any], TokenCheck, str]] = [
    (
        {"iss": None},
        TokenCheck.ISSUER,
        f"the token has no iss, but BETTER_AUTH_ISSUER{DEFAULT} is 'https://tasks.example'",
    ),
    (
        {"iss": "https://tasks.example/"},
        TokenCheck.ISSUER,
        f"the token's iss is 'https://tasks.example/', but BETTER_AUTH_ISSUER{DEFAULT} is "
        "'https://tasks.example': set it to the token's iss if that is your frontend's",
    ),
    (
        {"aud": None},
        TokenCheck.AUDIENCE,
        f"the token has no aud, but BETTER_AUTH_AUDIENCE{DEFAULT} is 'https://tasks.example'",
    ),
    (
        {"aud": "tasks\n"},
        TokenCheck.AUDIENCE,
        rf"the token's aud is 'tasks\n', but BETTER_AUTH_AUDIENCE{DEFAULT} is "
        "'https://tasks.example': set it to the token's aud if that is your frontend's",
    ),
    (
        {"aud": ["a", "b"]},
        TokenCheck.AUDIENCE,
        f"the token's aud is 'a', 'b', but BETTER_AUTH_AUDIENCE{DEFAULT} is "
        "'https://tasks.example': set it to the token's aud if that is your frontend's",
    ),
    (
        {"aud": ["a"] * 4},
        TokenCheck.AUDIENCE,
        f"the token's aud is 'a', 'a', 'a'…, but BETTER_AUTH_AUDIENCE{DEFAULT} is "
        "'https://tasks.example': set it to the token's aud if that is your frontend's",
    ),
    (
        {"aud": [ISSUER, 1]},
        TokenCheck.AUDIENCE,
        f"the token's aud is no text, but BETTER_AUTH_AUDIENCE{DEFAULT} is "
        "'https://tasks.example': set it to the token's aud if that is your frontend's",
    ),
    (
        {"aud": {"a": 1}},
        TokenCheck.AUDIENCE,
        f"the token's aud is no text, but BETTER_AUTH_AUDIENCE{DEFAULT} is "
        "'https://tasks.example': set it to the token's aud if that is your frontend's",
    ),
    ({"sub": None}, TokenCheck.SUBJECT, "the token has no sub, the id of its user"),
    (
        {"sub": 7},
        TokenCheck.SUBJECT,
        "the token's sub, the id of its user, is no text",
    ),
    ({"sub": ""}, TokenCheck.SUBJECT, "the token's sub is empty"),
    (
        {"sub": "a" * 256},
        TokenCheck.SUBJECT,
        "the token's sub has 256 characters; 255 are the most",
    ),
    (
        {"sub": "a\0"},
        TokenCheck.SUBJECT,
        "the token's sub holds U+0000 or a lone surrogate",
    ),
    ({"jti": 5}, TokenCheck.TOKEN_ID, "the token's jti is no text"),
    ({"iat": "x"}, TokenCheck.ISSUED_AT, "the token's iat is no number of seconds"),
    ({"nbf": [1]}, TokenCheck.NOT_BEFORE, "the token's nbf is no number of seconds"),
    ({"exp": None}, TokenCheck.EXPIRY, "the token has no exp, the time of its expiry"),
    ({"exp": "x"}, TokenCheck.EXPIRY, "the token's exp is no number of seconds"),
]
NOW = 1_800_000_000
USUAL = {"sub": "ada", "iss": ISSUER, "aud": ISSUER, "exp": NOW + 60}


def refusal_of_claims(**changed: Any) -> InvalidToken:
    claims = {name: value for name, value in (USUAL | changed).items() if value is not None}
    with pytest.raises(InvalidToken) as caught:
        RULES.subject_of(claims, now=NOW + 0.5)
    return caught.value


@pytest.mark.parametrize(
    ("changed", "check", "sentence"), CLAIMS, ids=lambda value: str(value)[:40]
)
def test_a_claim_that_breaks_a_rule(
    changed: dict[str, Any], check: TokenCheck, sentence: str
) -> None:
    error = refusal_of_claims(**changed)
    assert (type(error), error.check, str(error)) == (InvalidToken, check, sentence)


@pytest.mark.parametrize(
    ("seconds", "span"),
    [
        (31, "31 s"),
        (119, "119 s"),
        (120, "2 min"),
        (2 * 3600 - 1, "119 min"),
        (2 * 3600, "2 h"),
        (48 * 3600 - 1, "47 h"),
        (48 * 3600, "2 days"),
        (10**30, "11574 days"),
    ],
)
def test_a_time_outside_the_limits_is_given_as_a_span(seconds: int, span: str) -> None:
    expired = refusal_of_claims(exp=NOW - seconds)
    assert (type(expired), str(expired)) == (ExpiredToken, f"the token expired {span} ago")
    for claim in ("iat", "nbf"):
        assert str(refusal_of_claims(**{claim: NOW + seconds})) == (
            f"the token is not valid yet: its {claim} is {span} in the future, and the issuer's "
            "clock and the service's may differ by 30 s"
        )


def test_the_log_of_a_start_says_which_tokens_are_accepted(
    of_secret: TokenExaminer, of_key_set: TokenExaminer
) -> None:
    assert of_secret.requirements == (
        "tokens need the algorithm HS256 with BETTER_AUTH_SECRET, the iss 'https://tasks.example' "
        "(BETTER_AUTH_ISSUER, by default the origin of BETTER_AUTH_JWKS_URL) and any aud "
        "(BETTER_AUTH_AUDIENCE is not set); for a Better Auth that signs with EdDSA, its default, "
        "set BETTER_AUTH_JWKS_URL=https://<frontend>/api/auth/jwks"
    )
    assert of_key_set.requirements == (
        f"tokens need a key of {SHOWN_URL}, the iss 'https://tasks.example' (BETTER_AUTH_ISSUER, "
        "by default the origin of BETTER_AUTH_JWKS_URL) and the aud 'https://tasks.example' "
        "(BETTER_AUTH_AUDIENCE, by default the origin of BETTER_AUTH_JWKS_URL)"
    )


def test_the_clocks_may_differ_by_thirty_seconds() -> None:
    for changed in ({"exp": NOW - 29}, {"iat": NOW + 30}, {"nbf": NOW + 30}):
        assert RULES.subject_of(USUAL | changed, now=NOW + 0.5) == "ada"
    assert str(refusal_of_claims(exp=NOW - 30)) == "the token expired 30 s ago"


def test_a_token_is_called_expired_only_if_nothing_else_is_wrong() -> None:
    for changed in ({"iss": "other"}, {"aud": "other"}, {"sub": ""}, {"nbf": NOW + 60}):
        assert type(refusal_of_claims(exp=NOW - 60, **changed)) is InvalidToken
