"""The contract of the port TokenVerifier, tested with every adapter."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from adapters.jwt.shared_secret import SharedSecretTokenVerifier, mint
from application.errors import ExpiredToken, InvalidConfiguration, InvalidToken
from application.ports.token_verifier import TokenExaminer
from application.token_checks import TokenCheck, TokenFinding, TokenReport
from domain.text import is_storable

SECRET = "a secret that has thirty-two bytes or more"
RULES = ClaimRules(issuer="https://app.example.com", audience="https://app.example.com")


@dataclass
class Issuer:
    """A verifier, and an issuer whose tokens it accepts."""

    verifier: TokenExaminer
    sign: Callable[[dict[str, Any]], str]

    async def subject_of(self, **changed: Any) -> str:
        return await self.verifier.subject_of(self.token(changed))

    async def examine(self, **changed: Any) -> TokenReport:
        return await self.verifier.examine(self.token(changed))

    def token(self, changed: dict[str, Any]) -> str:
        claims = {
            "sub": "ada",
            "exp": int(time.time()) + 60,
            "iss": RULES.issuer,
            "aud": RULES.audience,
        } | changed
        present = {name: value for name, value in claims.items() if value is not None}
        return self.sign(present)


def signed(claims: dict[str, Any], key: Any, algorithm: str) -> str:
    """Return a token with any claims; PyJWT's own function refuses some."""
    payload = json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, key, algorithm, headers={"kid": "1"})


def shared_secret() -> Issuer:
    verifier = SharedSecretTokenVerifier(secret=SECRET, rules=RULES)
    return Issuer(verifier, lambda claims: signed(claims, SECRET, "HS256"))


def previous_secret() -> Issuer:
    verifier = SharedSecretTokenVerifier(secret=SECRET[::-1], previous=SECRET, rules=RULES)
    return Issuer(verifier, lambda claims: signed(claims, SECRET, "HS256"))


def key_set() -> Issuer:
    key = Ed25519PrivateKey.generate()
    public = json.loads(jwt.get_algorithm_by_name("EdDSA").to_jwk(key.public_key()))
    document = {"keys": [public | {"kid": "1", "alg": "EdDSA"}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    verifier = KeySetTokenVerifier(url="https://app/jwks", rules=RULES, transport=transport)
    return Issuer(verifier, lambda claims: signed(claims, key, "EdDSA"))


@pytest.fixture(params=[shared_secret, previous_secret, key_set], ids=lambda made: made.__name__)
def issuer(request: pytest.FixtureRequest) -> Issuer:
    made: Issuer = request.param()
    return made


@pytest.mark.parametrize("subject", ["ada", "x" * 255, "é/\u2028 \U0001f600", "\uffff", " "])
async def test_the_subject_of_a_valid_token_is_returned(issuer: Issuer, subject: str) -> None:
    assert await issuer.subject_of(sub=subject) == subject


@pytest.mark.parametrize("subject", ["", "x" * 256, "a\0", "a\ud800", None])
async def test_a_subject_that_cannot_be_a_user_id_is_refused(
    issuer: Issuer, subject: str | None
) -> None:
    with pytest.raises(InvalidToken):
        await issuer.subject_of(sub=subject)


async def test_an_expired_token_and_an_invalid_one_raise_different_errors(issuer: Issuer) -> None:
    with pytest.raises(ExpiredToken):
        await issuer.subject_of(exp=int(time.time()) - 31)
    assert await issuer.subject_of(exp=int(time.time()) - 25) == "ada"


IN_THE_YEAR_2242 = 2**33


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"iss": None},
        {"iss": "https://evil.example.com"},
        {"aud": None},
        {"aud": "better-auth:session-cache"},
        {"aud": []},
        {"nbf": IN_THE_YEAR_2242},
        {"iat": IN_THE_YEAR_2242},
    ],
    ids=str,
)
async def test_every_claim_is_checked(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken) as error:
        await issuer.subject_of(**claims)
    assert not isinstance(error.value, ExpiredToken)


async def test_an_audience_may_be_one_of_several(issuer: Issuer) -> None:
    assert await issuer.subject_of(aud=["other", RULES.audience]) == "ada"


async def test_a_token_signed_by_another_issuer_is_refused(issuer: Issuer) -> None:
    claims: dict[str, Any] = {"sub": "ada", "exp": int(time.time()) + 60}
    claims |= {"iss": RULES.issuer, "aud": RULES.audience}
    stranger = jwt.encode(claims, "another secret that has thirty-two bytes", "HS256")
    for token in (stranger, key_set().sign(claims)):
        with pytest.raises(InvalidToken):
            await issuer.verifier.subject_of(token)


async def test_no_message_repeats_the_token(issuer: Issuer) -> None:
    with pytest.raises(InvalidToken) as error:
        await issuer.verifier.subject_of("s3cr3t.s3cr3t.s3cr3t")
    assert "s3cr3t" not in str(error.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@example("\ud800.s3cr3t.s3cr3t")
@given(st.text(st.characters()) | st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]+\Z"))
async def test_any_text_may_be_verified(issuer: Issuer, text: str) -> None:
    with pytest.raises(InvalidToken):
        await issuer.verifier.subject_of(text)


async def test_a_minted_token_is_accepted() -> None:
    token = mint(
        secret=SECRET,
        subject="ada",
        lifetime=timedelta(minutes=1),
        issuer=RULES.issuer,
        audience=RULES.audience,
    )
    assert await shared_secret().verifier.subject_of(token) == "ada"


async def test_while_a_secret_is_replaced_both_are_accepted_and_no_third() -> None:
    verifier = SharedSecretTokenVerifier(secret="n" * 32, previous="o" * 32, rules=RULES)
    claims = {"sub": "ada", "iss": RULES.issuer, "aud": RULES.audience}
    for secret in ("n" * 32, "o" * 32):
        token = jwt.encode(claims | {"exp": int(time.time()) + 60}, secret, "HS256")
        assert await verifier.subject_of(token) == "ada"
    token = jwt.encode(claims | {"exp": int(time.time()) + 60}, "t" * 32, "HS256")
    with pytest.raises(InvalidToken) as caught:
        await verifier.subject_of(token)
    assert caught.value.check is TokenCheck.SIGNATURE


async def test_each_verifier_accepts_only_its_own_secret() -> None:
    other = SharedSecretTokenVerifier(secret=SECRET[::-1], rules=RULES)
    token = shared_secret().sign({"sub": "ada", "exp": int(time.time()) + 60})
    with pytest.raises(InvalidToken):
        await other.subject_of(token)


def test_a_public_key_is_refused_as_a_secret() -> None:
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for setting, secrets in {
        "BETTER_AUTH_SECRET": {"secret": pem},
        "BETTER_AUTH_SECRET_PREVIOUS": {"secret": SECRET, "previous": pem},
    }.items():
        with pytest.raises(InvalidConfiguration, match=f"{setting} is no secret") as error:
            SharedSecretTokenVerifier(**secrets, rules=RULES)
        assert pem.splitlines()[1] not in str(error.value)


def failed(report: TokenReport) -> list[TokenCheck]:
    return [finding.check for finding in report.findings if finding.problem is not None]


async def test_an_examination_has_an_outcome_for_every_check(issuer: Issuer) -> None:
    report = await issuer.examine()
    assert [finding.check for finding in report.findings] == list(TokenCheck)
    assert (report.is_accepted, report.subject) == (True, "ada")


async def test_an_examination_finds_every_claim_that_is_wrong(issuer: Issuer) -> None:
    past = int(time.time()) - 3600
    report = await issuer.examine(iss="other", aud=None, sub="", exp=past)
    assert failed(report) == [
        TokenCheck.ISSUER,
        TokenCheck.AUDIENCE,
        TokenCheck.SUBJECT,
        TokenCheck.EXPIRY,
    ]
    assert (report.is_accepted, report.subject) == (False, None)


async def test_an_examination_leaves_out_the_checks_that_a_failed_one_makes_impossible(
    issuer: Issuer,
) -> None:
    report = await issuer.verifier.examine("undefined")
    assert [finding.check for finding in report.findings] == [TokenCheck.FORM]
    unsigned = jwt.encode({"sub": "ada"}, "", "none")
    before_claims = (await issuer.verifier.examine(unsigned)).findings[:2]
    assert before_claims[0] == TokenFinding(TokenCheck.FORM)
    assert before_claims[1].check is TokenCheck.ALGORITHM
    assert len((await issuer.verifier.examine(unsigned)).findings) == 2 + 7


async def test_an_examination_reads_the_claims_of_a_token_that_another_key_signed(
    issuer: Issuer,
) -> None:
    claims: dict[str, Any] = {"sub": "ada", "exp": int(time.time()) + 60, "iss": "other"}
    algorithm = "HS256" if isinstance(issuer.verifier, SharedSecretTokenVerifier) else "EdDSA"
    stranger: Any = "x" * 32 if algorithm == "HS256" else Ed25519PrivateKey.generate()
    report = await issuer.verifier.examine(signed(claims, stranger, algorithm))
    assert failed(report) == [TokenCheck.SIGNATURE, TokenCheck.ISSUER, TokenCheck.AUDIENCE]
    assert report.subject == "ada"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("undefined")
@given(st.text(st.characters()) | st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]+\Z"))
async def test_any_text_may_be_examined(issuer: Issuer, text: str) -> None:
    report = await issuer.verifier.examine(text)
    assert not report.is_accepted
    assert report.subject is None


times = st.integers(-100, 100).map(lambda seconds: int(time.time()) + 10 * seconds)
anything = st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.text(max_size=3))
values = anything | st.integers() | st.floats()
claims_of_tokens = st.fixed_dictionaries(
    {},
    optional={
        "sub": st.just("ada") | values,
        "iss": st.just(RULES.issuer) | values,
        "aud": st.just(RULES.audience) | st.just(["x", RULES.audience]) | values,
        "exp": times | values,
        "iat": times | values,
        "nbf": times | values,
        "jti": values,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(changed=claims_of_tokens)
async def test_the_claims_that_are_accepted_are_those_that_pyjwt_accepts(
    issuer: Issuer, changed: dict[str, Any]
) -> None:
    usual = {"sub": "ada", "iss": RULES.issuer, "aud": RULES.audience, "exp": time.time() + 60}
    claims = {name: value for name, value in (usual | changed).items() if value is not None}
    try:
        jwt.decode(
            signed(claims, SECRET, "HS256"),
            SECRET,
            ["HS256"],
            issuer=RULES.issuer,
            audience=RULES.audience,
            leeway=30,
            options={"require": ["exp", "sub"]},
        )
    except jwt.PyJWTError:
        expected = False
    else:
        # The rules of a user's id are this service's own.
        expected = 0 < len(claims["sub"]) <= 255 and is_storable(claims["sub"])
    assert (await issuer.examine(**changed)).is_accepted is expected
