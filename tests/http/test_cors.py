"""Which pages of other origins can read responses."""

import logging

import pytest
from dependency_injector.providers import Object
from httpx import ASGITransport, AsyncClient

from entrypoints.container import Container
from entrypoints.http.app import create_app
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
        assert exposed == ["ETag", "Link", "Retry-After", "X-Request-ID", "WWW-Authenticate"]
        assert "Origin" in response.headers["Vary"]


async def test_another_origin_gets_no_cors_headers(client: AsyncClient) -> None:
    for origin in ("https://evil.example.com", f"{ORIGIN}.evil.com", "null", ORIGIN.upper()):
        response = await client.get(TASKS, headers={"Origin": origin})
        assert response.status_code == 200
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]


async def test_a_preflight_is_answered_for_an_hour(anonymous: AsyncClient) -> None:
    own = "authorization, content-type, if-none-match, if-match, x-request-id"
    # Tracing libraries and HTTP clients add these.
    added = "traceparent, tracestate, baggage, sentry-trace, x-requested-with"
    wanted = f"{own}, {added}, cache-control,pragma"
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


WANTED_METHOD = "Access-Control-Request-Method"
WANTED_HEADERS = "Access-Control-Request-Headers"
WANTED_NETWORK = "Access-Control-Request-Private-Network"
REFUSED: list[tuple[dict[str, str], str]] = [
    (
        {"Origin": "https://preview.example.com"},
        "a page of https://preview.example.com may not call the API: "
        f"add its origin to CORS_ORIGINS, now {ORIGIN}",
    ),
    (
        {"Origin": "null"},
        "a page of null (a local file or a sandboxed frame, which has no origin) "
        "may not call the API: serve the page over HTTP",
    ),
    (
        {"Origin": "https://evil.example\t" + 200 * "x"},
        f"a page of https://evil.example%09{94 * 'x'}... may not call the API: "
        f"add its origin to CORS_ORIGINS, now {ORIGIN}",
    ),
    (
        {WANTED_METHOD: "TRACE"},
        f"a page of {ORIGIN} may not use TRACE: "
        "the API has only GET, HEAD, POST, PUT, PATCH, DELETE",
    ),
    (
        {WANTED_HEADERS: "authorization, X-Other"},
        f"a page of {ORIGIN} may not send the header X-Other: no setting adds one, "
        "so remove it from the frontend's requests",
    ),
    (
        {WANTED_HEADERS: "x\ty"},
        f"a page of {ORIGIN} may not send the header x%09y: no setting adds one, "
        "so remove it from the frontend's requests",
    ),
    (
        {WANTED_NETWORK: "true"},
        f"a page of {ORIGIN} may not call a private network: serve both in the same network",
    ),
]


@pytest.mark.parametrize(("wrong", "reason"), REFUSED)
async def test_the_log_says_why_a_preflight_is_refused_and_warns_once(
    anonymous: AsyncClient, caplog: pytest.LogCaptureFixture, wrong: dict[str, str], reason: str
) -> None:
    with caplog.at_level(logging.INFO, "entrypoints"):
        for _ in range(2):
            await anonymous.options(TASKS, headers=PREFLIGHT | wrong)
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.getMessage() for each in warnings] == [f"preflight refused: {reason}"]
    lines = [each.getMessage() for each in caplog.records if each.levelno == logging.INFO]
    assert lines == [f"OPTIONS {TASKS} 400"] * 2


async def test_the_number_of_warnings_about_origins_is_limited(
    anonymous: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(110):
        origin = f"https://{number}.example"
        await anonymous.options(TASKS, headers=PREFLIGHT | {"Origin": origin})
    assert len([each for each in caplog.records if each.levelno == logging.WARNING]) == 100


async def test_a_preview_deployment_is_admitted_by_a_star(container: Container) -> None:
    origins = (ORIGIN, "https://app-*.example.com")
    settings = container.settings().model_copy(update={"cors_origins": origins})
    with container.settings.override(Object(settings)):
        transport = ASGITransport(create_app(container))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        for origin, status in {"https://app-17.example.com": 200, "https://app-.evil": 400}.items():
            response = await client.options(TASKS, headers=PREFLIGHT | {"Origin": origin})
            assert response.status_code == status
            allowed = response.headers.get("Access-Control-Allow-Origin")
            assert allowed == (origin if status == 200 else None)
        answer = await client.get("/health/live", headers={"Origin": "https://app-1.example.com"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app-1.example.com"
