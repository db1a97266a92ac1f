"""Authentication and authorization, which precede everything else."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from application.errors import MissingToken, StorageUnavailable
from entrypoints.container import Container
from entrypoints.http.authentication import bearer_token
from tests.http.conftest import SECRET

TASKS = "/api/ada/tasks"

Mint = Callable[..., str]


async def refused(client: AsyncClient, *authorization: str | bytes, detail: str = "") -> None:
    """Check that each of the six operations refuses these Authorization headers."""
    headers = [
        (b"authorization", value.encode("latin-1") if isinstance(value, str) else value)
        for value in authorization
    ]
    for method, path in [
        ("GET", TASKS),
        ("POST", TASKS),
        ("GET", f"{TASKS}/1"),
        ("PUT", f"{TASKS}/1"),
        ("PATCH", f"{TASKS}/1/complete"),
        ("DELETE", f"{TASKS}/1"),
    ]:
        response = await client.request(method, path, headers=headers)
        assert response.status_code == 401, (method, path)
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert detail in response.json()["detail"]


def signed(claims: dict[str, Any], *, key: str = SECRET, **header: Any) -> str:
    """Return a token in Better Auth's form with any claims and any further header fields."""
    algorithm = header.pop("alg", "HS256")
    return jwt.encode(claims, key, algorithm, headers=header or None)


def unpadded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def encoded(*parts: bytes) -> str:
    return ".".join(map(unpadded, parts))


def now() -> int:
    return int(time.time())


async def test_a_request_without_a_token_is_refused(anonymous: AsyncClient) -> None:
    await refused(anonymous, detail="Missing bearer token")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Token {}",
        "{}",
        "Bearer{}",
        "Bearer, {}",
        "Digest {}",
        "Bearer {} x",
        "Bearer {},{}",
        'Bearer "{}"',
        "Bearer {}.x",
        "Bearer x{}",
        "Bearer \x00",
    ],
)
async def test_a_header_of_another_shape_is_refused(
    anonymous: AsyncClient, token: Mint, header: str
) -> None:
    await refused(anonymous, header.replace("{}", token()))


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"Bearer X.y.X", "X.y.X"),
        (b"bEARER   x.y.z  ", "x.y.z"),
        (b"Bearer \tx.y.z\t", "\tx.y.z\t"),
        (b"Bearer x y", "x y"),
        (b"Bearer \xe9", "\u00e9"),
    ],
)
def test_a_token_is_what_the_header_holds_between_spaces(header: bytes, token: str) -> None:
    request = Request({"type": "http", "headers": [(b"authorization", header)]})
    assert bearer_token(request) == token


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"Bearer", "nothing follows Bearer"),
        (b"Bearer  ", "nothing follows Bearer"),
        (b"", "it does not begin with Bearer"),
        (b"Basic x", "it does not begin with Bearer"),
        (b"x.y.z", "it does not begin with Bearer"),
        (b"Bearer\tx", "it does not begin with Bearer"),
    ],
)
def test_a_header_without_a_bearer_token_is_refused(header: bytes, problem: str) -> None:
    request = Request({"type": "http", "headers": [(b"authorization", header)]})
    with pytest.raises(MissingToken) as error:
        bearer_token(request)
    assert str(error.value) == f"The Authorization header holds no bearer token: {problem}"


async def test_two_authorization_headers_are_refused(anonymous: AsyncClient, token: Mint) -> None:
    await refused(anonymous, f"Bearer {token()}", f"Bearer {token()}", detail="More than one")


async def test_a_header_over_8_kib_is_refused(anonymous: AsyncClient) -> None:
    token = signed(claims(x="x" * 6000))
    longest = f"Bearer {token.rjust(8 * 1024 - len('Bearer '))}"
    await refused(anonymous, longest.replace(" ", "  ", 1), detail="too long")
    response = await anonymous.get(TASKS, headers={"Authorization": longest})
    assert response.status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_scheme_is_case_insensitive(
    anonymous: AsyncClient, token: Mint, scheme: str
) -> None:
    response = await anonymous.get(TASKS, headers={"Authorization": f"{scheme}  {token()} "})
    assert response.status_code == 200


NOT_A_TOKEN = {
    "opaque session token": "pUHQzTcS3cN4yJ0uXrS0sV6JgT2aGd1k.vTqg%2FhW0",
    "empty parts": "..",
    "one dot": "a.b",
    "three dots": "a.b.c.d",
    "not base64": "ä.ö.ü",
    "not JSON": encoded(b"x", b"y", b"z"),
    "a list as header": encoded(b"[]", b"{}", b""),
    "no alg": encoded(b"{}", b"{}", b""),
    "alg a number": encoded(b'{"alg":5}', b"{}", b""),
    "alg a list": encoded(b'{"alg":["HS256"]}', b"{}", b""),
    "deep header": encoded(b"[" * 3000, b"{}", b""),
    "bad UTF-8 in the header": encoded(b'{"alg":"\xff"}', b"{}", b""),
}


@pytest.mark.parametrize("text", NOT_A_TOKEN.values(), ids=NOT_A_TOKEN)
async def test_a_malformed_token_is_refused(anonymous: AsyncClient, text: str) -> None:
    await refused(anonymous, f"Bearer {text}".encode(), detail="Invalid token")


async def test_an_expired_token_has_its_own_message(anonymous: AsyncClient, token: Mint) -> None:
    expired = token(lifetime=timedelta(seconds=-31))
    await refused(anonymous, f"Bearer {expired}", detail="Token has expired")


async def test_clocks_may_be_half_a_minute_apart(anonymous: AsyncClient) -> None:
    for claims in ({"exp": now() - 25}, {"exp": now() + 60, "nbf": now() + 25, "iat": now() + 25}):
        headers = {"Authorization": f"Bearer {signed({'sub': 'ada'} | claims)}"}
        assert (await anonymous.get(TASKS, headers=headers)).status_code == 200


def claims(**changed: Any) -> dict[str, Any]:
    given = {"sub": "ada", "exp": now() + 60} | changed
    return {name: value for name, value in given.items() if value is not ...}


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "no sub": claims(sub=...),
    "no exp": claims(exp=...),
    "sub null": claims(sub=None),
    "exp null": claims(exp=None),
    "sub empty": claims(sub=""),
    "sub a number": claims(sub=5),
    "sub a list": claims(sub=["ada"]),
    "sub an object": claims(sub={"id": "ada"}),
    "sub with NUL": claims(sub="ada\0"),
    "sub with a lone surrogate": claims(sub="ada\ud800"),
    "sub too long": claims(sub="x" * 256),
    "exp a word": claims(exp="soon"),
    "exp infinite": claims(exp=float("inf")),
    "exp not a number": claims(exp=float("nan")),
    "exp a list": claims(exp=[1]),
    "exp an object": claims(exp={}),
    "exp negative": claims(exp=-(10**30)),
    "nbf in the future": claims(nbf=now() + 3600),
    "nbf a word": claims(nbf="x"),
    "nbf infinite": claims(nbf=float("inf")),
    "iat in the future": claims(iat=now() + 3600),
    "iat a word": claims(iat="x"),
    "iat infinite": claims(iat=float("inf")),
    "jti a number": claims(jti=5),
}


@pytest.mark.parametrize("bad", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_bad_claims_are_refused(anonymous: AsyncClient, bad: dict[str, Any]) -> None:
    # PyJWT refuses to sign some of these, so they are signed by hand.
    header = unpadded(b'{"alg":"HS256","typ":"JWT"}')
    body = f"{header}.{unpadded(json.dumps(bad).encode('utf-8', 'surrogatepass'))}"
    key = jwt.get_algorithm_by_name("HS256")
    signature = unpadded(key.sign(body.encode(), key.prepare_key(SECRET)))
    await refused(anonymous, f"Bearer {body}.{signature}")


@pytest.mark.parametrize("payload", [b"", b"x", b"[]", b"5", b"null", b"[" * 4000, b'"\xff"'])
async def test_a_signed_payload_must_be_an_object(anonymous: AsyncClient, payload: bytes) -> None:
    signature = jwt.PyJWS().encode(payload, SECRET, "HS256")
    await refused(anonymous, f"Bearer {signature}", detail="Invalid token")


def forged() -> dict[str, str]:
    good = signed(claims())
    header, payload, signature = good.split(".")
    other = unpadded(json.dumps(claims(sub="bob")).encode())
    none = unpadded(b'{"alg":"none","typ":"JWT"}')
    number_as_kid = unpadded(b'{"alg":"HS256","kid":5}')
    return {
        "another secret": signed(claims(), key="another secret of thirty-two bytes!!"),
        "base64 of the secret": signed(claims(), key=base64.b64encode(SECRET.encode()).decode()),
        "HS384": signed(claims(), alg="HS384"),
        "HS512": signed(claims(), alg="HS512"),
        "none": f"{none}.{payload}.",
        "none with a signature": f"{none}.{payload}.{signature}",
        "no signature": f"{header}.{payload}.",
        "another payload": f"{header}.{other}.{signature}",
        "half a signature": good[:-20],
        "unknown crit": signed(claims(), crit=["exp"], exp=1),
        "unknown crit name": signed(claims(), crit=["http://example.com/UNDEFINED"]),
        "crit no list": signed(claims(), crit="b64"),
        "crit empty": signed(claims(), crit=[]),
        "kid a number": f"{number_as_kid}.{payload}.{signature}",
    }


@pytest.mark.parametrize("case", forged())
async def test_a_forged_token_is_refused(anonymous: AsyncClient, case: str) -> None:
    await refused(anonymous, f"Bearer {forged()[case]}", detail="Invalid token")


async def test_better_auths_signatures_for_other_purposes_are_refused(
    anonymous: AsyncClient,
) -> None:
    cookie_cache = {"session": {"id": "1"}, "user": {"id": "ada"}, "exp": now() + 60}
    email = {"email": "ada@example.com", "iat": now(), "exp": now() + 60}
    for other in (cookie_cache, email):
        await refused(anonymous, f"Bearer {signed(other)}", detail="Invalid token")


async def test_an_audience_that_is_not_configured_is_no_error(anonymous: AsyncClient) -> None:
    for audience in ("http://localhost:3000", ["a", "b"], 5, None):
        headers = {"Authorization": f"Bearer {signed(claims(aud=audience))}"}
        assert (await anonymous.get(TASKS, headers=headers)).status_code == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    st.binary(max_size=100)
    | st.text(max_size=100).map(str.encode)
    | st.builds(
        lambda parts: encoded(*parts).encode(),
        st.lists(st.binary(max_size=40) | st.just(b'{"alg":"HS256"}'), min_size=3, max_size=3),
    )
)
async def test_no_bytes_cause_a_server_error(anonymous: AsyncClient, value: bytes) -> None:
    response = await anonymous.get(TASKS, headers=[(b"Authorization", b"Bearer " + value)])
    assert response.status_code == 401


async def unreadable() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


async def test_nothing_else_is_examined_before_the_token(anonymous: AsyncClient) -> None:
    headers = {"Content-Type": "text/plain", "Content-Length": "100000"}
    response = await anonymous.post(f"{TASKS}?status=x", content=unreadable(), headers=headers)
    assert response.status_code == 401
    assert (await anonymous.get(f"{TASKS}/abc?status=x&status=y")).status_code == 401
    assert (await anonymous.put(f"{TASKS}/abc", content=unreadable())).status_code == 401


async def test_nothing_else_is_examined_before_the_owner(client: AsyncClient) -> None:
    headers = {"Content-Type": "text/plain", "Content-Length": "100000"}
    bobs = "/api/bob/tasks"
    for response in (
        await client.post(f"{bobs}?status=x", content=unreadable(), headers=headers),
        await client.put(f"{bobs}/abc", content=unreadable()),
        await client.get(f"{bobs}?status=x"),
        await client.get(f"{bobs}/abc"),
        await client.patch(f"{bobs}/%00/complete"),
        await client.delete(f"{bobs}/0"),
    ):
        assert response.status_code == 403


@pytest.mark.parametrize(
    "user", ["bob", "Ada", "ada%20", "%61da%00", "ad%C3%A1", "%ff", "ada%ff", "%ED%A0%80", "%00"]
)
async def test_a_path_that_is_not_exactly_the_subject_is_403(
    client: AsyncClient, user: str
) -> None:
    assert (await client.get(f"/api/{user}/tasks")).status_code == 403


async def test_the_subject_may_be_written_with_needless_escapes(client: AsyncClient) -> None:
    assert (await client.get("/api/%61d%61/tasks")).status_code == 200


async def test_the_storage_is_not_used_without_a_token(
    container: Container, anonymous: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object) -> None:
        raise StorageUnavailable

    for operation in ("add", "get", "list", "update", "delete"):
        monkeypatch.setattr(container.tasks(), operation, unavailable)
    await refused(anonymous)
    await refused(anonymous, "Bearer x.y.z")
