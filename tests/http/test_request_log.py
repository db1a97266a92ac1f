"""The id and the log line of a request."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from httpx import AsyncClient

from entrypoints.http.printable import printable
from entrypoints.logs import JsonFormatter
from tests.http.conftest import SECRET
from tests.key_set.signing_keys import signing_key

TASKS = "/api/ada/tasks"


@pytest.mark.parametrize("request_id", ["a", "x" * 128, "~ !\"#$%&'()*+,/:;<=>?@[]^_`{|}"])
async def test_a_request_keeps_its_id(anonymous: AsyncClient, request_id: str) -> None:
    response = await anonymous.get("/health/live", headers={"X-Request-ID": request_id})
    assert response.headers["X-Request-ID"] == request_id


@pytest.mark.parametrize("request_id", [b"", b"x" * 129, b"\xc3\xa9", b"a\tb", b"a\x1f", b"a\x7f"])
async def test_an_id_that_cannot_be_kept_is_replaced(
    anonymous: AsyncClient, request_id: bytes
) -> None:
    headers = [(b"X-Request-ID", request_id)]
    first = (await anonymous.get("/health/live", headers=headers)).headers["X-Request-ID"]
    second = (await anonymous.get("/health/live", headers=headers)).headers["X-Request-ID"]
    assert len(first) == len(second) == 32
    assert first != second


async def test_a_request_writes_one_log_line(
    client: AsyncClient, create: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "entrypoints")
    await create("s3cr3t-title", "s3cr3t-description")
    await client.get(f"{TASKS}/999?x=s3cr3t-query")
    lines = [vars(record) for record in caplog.records if record.name.startswith("entrypoints")]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/api/{user_id}/tasks", 201),
        ("GET", "/api/{user_id}/tasks/{task_id}", 404),
    ]
    assert all(0 < line["duration_ms"] < 60_000 for line in lines)
    assert "s3cr3t" not in str(lines)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/v1/ada/tasks", "/api/v1/ada/tasks"),
        ("/nowhere?x=s3cr3t", "/nowhere"),
        (f"/api/{jwt.encode({'sub': 'ada'}, SECRET)}/x", "/api/[token]/x"),
        ("/a%0d%0ab", "/a%0d%0ab"),
        ("/" + 118 * "x", "/" + 118 * "x"),
        ("/" + 120 * "x", "/" + 116 * "x" + "..."),
        # A route matches the path but refuses it.
        (f"{TASKS}/1%2F", f"{TASKS}/1%2F"),
    ],
)
async def test_the_line_of_an_unmatched_path_shows_it(
    anonymous: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, shown: str
) -> None:
    caplog.set_level(logging.INFO, "entrypoints")
    assert (await anonymous.get(path)).status_code == 404
    [line] = [record for record in caplog.records if record.name == "entrypoints.http.request_log"]
    assert line.getMessage() == f"GET {shown} 404"
    assert vars(line)["path"] == shown
    assert vars(line)["route"] == "-"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"/a b", "/a%20b"),
        (b"/\x00\x1b[31m\xff", "/%00%1B[31m%FF"),
        ("/é\n", "/%E9%0A"),
        (b"/" + 60 * b"\xff", "/" + "%FF" * 38 + "%F" + "..."),
        ("\u2028", "?"),
    ],
)
def test_what_a_client_sent_is_shown_in_printable_ascii(sent: str | bytes, shown: str) -> None:
    assert printable(sent) == shown
    assert len(shown) <= 120


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Returns the lines that the service has logged, as it writes them."""
    caplog.set_level(logging.INFO, "entrypoints")
    caplog.handler.setFormatter(JsonFormatter())

    def lines() -> list[dict[str, Any]]:
        logged = [json.loads(line) for line in caplog.text.splitlines()]
        return [line for line in logged if line["logger"].startswith("entrypoints")]

    return lines


async def test_the_line_of_a_refused_preflight_says_why(
    anonymous: AsyncClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    await anonymous.options("/api/ada/tasks", headers=headers)
    [line] = [line for line in lines() if line.get("status") == 400]
    assert line["error"].startswith("a page of https://evil.example may not call the API")


OTHER_SECRET = "another secret that has thirty-two bytes"


@pytest.mark.parametrize(
    ("token", "detail", "error"),
    [
        (
            jwt.encode({"sub": "ada", "exp": 1}, SECRET),
            "Token has expired",
            r"ExpiredToken: the token expired \d+ days ago",
        ),
        (
            jwt.encode({"sub": "ada", "exp": 9**10}, OTHER_SECRET),
            "Invalid token",
            "InvalidToken: the token is signed with another secret than BETTER_AUTH_SECRET, or .*",
        ),
        (
            signing_key().token(),
            "Invalid token",
            "InvalidToken: the token is signed with EdDSA, but BETTER_AUTH_SECRET is what is "
            "configured: set BETTER_AUTH_JWKS_URL=https://<frontend>/api/auth/jwks",
        ),
        ("undefined", "Invalid token", "InvalidToken: the token is the text undefined: .*"),
    ],
    ids=["expired", "another secret", "another algorithm", "no token"],
)
async def test_a_refused_token_is_one_word_to_the_client_and_one_sentence_in_the_log(
    anonymous: AsyncClient,
    lines: Callable[[], list[dict[str, Any]]],
    token: str,
    detail: str,
    error: str,
) -> None:
    response = await anonymous.get(TASKS, headers={"Authorization": f"Bearer {token}"})
    assert response.json() == {"status_code": 401, "detail": detail}
    [line] = lines()
    assert (line["level"], line["status"]) == ("info", 401)
    assert re.fullmatch(error, line["error"])
    assert "eyJ" not in str(line)


async def test_a_path_of_another_user_is_logged_with_both_users(
    client: AsyncClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    await client.get("/api/v1/tasks")
    await client.get(f"/api/{'%0A' + 'x' * 500}y/tasks")
    await client.get(f"/api/{jwt.encode({'sub': 'ada'}, SECRET)}/tasks")
    first, second, third = lines()
    assert first["error"] == (
        "Forbidden: the path names the user 'v1', but the token is that of 'ada'"
    )
    assert second["error"] == (
        rf"Forbidden: the path names the user '\n{'x' * 119}'…, but the token is that of 'ada'"
    )
    assert third["error"] == (
        "Forbidden: the path names the user '[token]', but the token is that of 'ada'"
    )


async def test_a_request_without_one_bearer_token_is_logged_with_what_it_lacks(
    anonymous: AsyncClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    bearer = ("Authorization", f"Bearer {jwt.encode({'sub': 'ada'}, SECRET)}")
    basic = ("Authorization", "Basic czNjcjN0")
    long = ("Authorization", f"Bearer {'x' * 9000}")
    for headers in ([], [bearer, bearer], [basic], [long]):
        await anonymous.get(TASKS, headers=headers)
    assert [line["error"] for line in lines()] == [
        "MissingToken: Missing bearer token",
        "MissingToken: More than one Authorization header",
        "MissingToken: The Authorization header holds no bearer token: it does not begin with "
        "Bearer",
        "MissingToken: The Authorization header is too long: at most 8192 bytes",
    ]
