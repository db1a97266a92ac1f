"""Which pages of other origins can read responses."""

import pytest
from httpx import AsyncClient

from tests.http.conftest import ORIGIN

TASKS = "/api/ada/tasks"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


async def test_every_error_can_be_read_by_the_frontend(anonymous: AsyncClient) -> None:
    for method, path in [("GET", TASKS), ("GET", "/nowhere"), ("DELETE", TASKS)]:
        response = await anonymous.request(method, path, headers={"Origin": ORIGIN})
        assert response.status_code >= 400
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
        assert exposed == ["ETag", "Retry-After", "X-Request-ID", "WWW-Authenticate"]
        assert "Origin" in response.headers["Vary"]


async def test_another_origin_gets_no_cors_headers(client: AsyncClient) -> None:
    for origin in ("https://evil.example.com", f"{ORIGIN}.evil.com", "null", ORIGIN.upper()):
        response = await client.get(TASKS, headers={"Origin": origin})
        assert response.status_code == 200
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]


async def test_a_preflight_is_answered_for_an_hour(anonymous: AsyncClient) -> None:
    wanted = "authorization, content-type, if-none-match, if-match, x-request-id"
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        headers = PREFLIGHT | {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": wanted,
        }
        response = await anonymous.options(TASKS, headers=headers)
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert response.headers["Access-Control-Max-Age"] == "3600"
        assert method in response.headers["Access-Control-Allow-Methods"]
        assert response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"Origin": "https://evil.example.com"},
        {"Access-Control-Request-Method": "TRACE"},
        {"Access-Control-Request-Headers": "x-other"},
    ],
)
async def test_a_preflight_that_is_refused_has_the_shape_of_an_error(
    anonymous: AsyncClient, wrong: dict[str, str]
) -> None:
    response = await anonymous.options(TASKS, headers=PREFLIGHT | wrong)
    assert response.status_code == 400
    assert response.json()["detail"].startswith("Disallowed CORS")
    allowed = response.headers.get("Access-Control-Allow-Origin")
    assert allowed == (None if "Origin" in wrong else ORIGIN)
    assert response.headers["X-Request-ID"]
    assert "Origin" in response.headers["Vary"]
