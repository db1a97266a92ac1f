"""What holds for every response: errors, CORS, request ids, health."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from dependency_injector.providers import Object
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from adapters.memory.task_repository import MemoryTaskRepository
from application.errors import StorageUnavailable
from domain.task import NewTask
from entrypoints.container import Container
from entrypoints.http import app as app_module
from entrypoints.http.app import create_app
from entrypoints.http.errors import ErrorHandler
from entrypoints.http.last_resort import LastResort
from tests.http.conftest import ORIGIN

TASKS = "/api/ada/tasks"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


class BrokenRepository(MemoryTaskRepository):
    """Fails to add, with an error of the test's choice."""

    error: Exception = StorageUnavailable("OperationalError")

    async def add(self, task: NewTask, *, limit: int | None = None) -> Any:
        raise self.error


@pytest.fixture
def broken(container: Container) -> Iterator[BrokenRepository]:
    """In the container before the application is made of it."""
    repository = BrokenRepository()
    with container.tasks.override(Object(repository)):
        yield repository


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/ada",
        "/api/ada/tasks/",
        "/api/ada/tasks/1/",
        "/api/ada/tasks/1/complete/",
        "/api//tasks",
        "/api/ada/tasks/1/done",
        "/docs/",
        "/health",
        "/redoc",
        "/docs/oauth2-redirect",
        "/%00",
        "/%ff",
    ],
)
async def test_an_unknown_route_is_404_and_never_a_redirect(client: AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code == 404
    assert response.json() == {"status_code": 404, "detail": "Not Found"}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (TASKS, "GET, HEAD, POST"),
        (f"{TASKS}/1", "DELETE, GET, HEAD, PUT"),
        (f"{TASKS}/1/complete", "PATCH"),
        ("/health/live", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_405_and_names_the_right_ones(
    client: AsyncClient, path: str, allowed: str
) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LINK"):
        if method in allowed:
            continue
        response = await client.request(method, path)
        assert (response.status_code, response.headers["Allow"]) == (405, allowed)


async def test_a_storage_out_of_reach_is_a_500_that_says_to_retry(
    broken: BrokenRepository, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post(TASKS, json={"title": "s3cr3t-title"}, headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.headers["Retry-After"] == "5"
    assert "try again" in response.json()["detail"]
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["X-Request-ID"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    # No stack trace: in an outage every request writes this line.
    assert record.getMessage() == f"StorageUnavailable: {broken.error}"
    assert record.exc_info is None
    assert "s3cr3t-title" not in caplog.text


async def test_an_error_that_nobody_foresaw_is_a_500_that_a_browser_can_read(
    broken: BrokenRepository, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    broken.error = ZeroDivisionError("the cause")
    response = await client.post(TASKS, json={"title": "Buy milk"}, headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.json() == {"status_code": 500, "detail": "Internal server error"}
    assert "Retry-After" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["X-Request-ID"]
    assert "the cause" in caplog.text


async def test_who_waits_when_the_server_has_to_end_is_told_to_try_again() -> None:
    sent: list[Any] = []

    async def hang(*_: Any) -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    waiting = asyncio.create_task(LastResort(hang, ErrorHandler())(scope, hang, send))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert sent[0]["status"] == 500
    assert (b"retry-after", b"5") in sent[0]["headers"]
    assert b"try again" in sent[1]["body"]


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_an_answer_that_has_begun_is_not_followed_by_another(
    error: type[BaseException],
) -> None:
    sent: list[Any] = []

    async def break_off(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    async def receive() -> Any:
        raise AssertionError("read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(error):
        await LastResort(break_off, ErrorHandler())(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


@pytest.mark.parametrize("error", [ZeroDivisionError, asyncio.CancelledError])
async def test_what_is_no_request_is_not_answered(error: type[BaseException]) -> None:
    async def fail(*_: Any) -> None:
        raise error

    async def use(*message: Any) -> Any:
        raise AssertionError(message)

    with pytest.raises(error):
        await LastResort(fail, ErrorHandler())({"type": "lifespan"}, use, use)


async def test_every_error_can_be_read_by_the_frontend(anonymous: AsyncClient) -> None:
    for method, path in [("GET", TASKS), ("GET", "/nowhere"), ("DELETE", TASKS)]:
        response = await anonymous.request(method, path, headers={"Origin": ORIGIN})
        assert response.status_code >= 400
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
        assert exposed == ["ETag", "Retry-After", "X-Request-ID", "WWW-Authenticate"]
        assert "Origin" in response.headers["Vary"]


async def test_another_origin_is_told_nothing(client: AsyncClient) -> None:
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


async def test_a_request_is_one_log_line(
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


async def test_a_process_that_answers_lives(anonymous: AsyncClient) -> None:
    response = await anonymous.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_readiness_follows_the_storage(
    container: Container, anonymous: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await anonymous.get("/health/ready")).status_code == 200

    async def unavailable() -> None:
        raise StorageUnavailable

    monkeypatch.setattr(container.storage(), "check", unavailable)
    assert (await anonymous.get("/health/ready")).status_code == 503
    assert (await anonymous.get("/health/live")).status_code == 200


async def test_a_preparation_that_fails_as_nobody_foresaw_is_logged_and_tried_again(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_SECONDS", 0.01)
    outcomes: list[Exception | None] = [ZeroDivisionError("the cause"), StorageUnavailable(), None]

    async def prepare(**_: Any) -> None:
        if outcome := outcomes.pop(0):
            raise outcome

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    app = create_app(container)
    with caplog.at_level(logging.INFO):
        async with app.router.lifespan_context(app):
            pass
    assert not outcomes
    assert "the cause" in caplog.text
    assert "the storage is ready" in caplog.text


async def test_the_pause_before_a_storage_is_tried_again_doubles_up_to_a_limit(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert (app_module._PREPARE_AGAIN_SECONDS, app_module._PREPARE_AGAIN_MOST_SECONDS) == (1, 15)
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_MOST_SECONDS", 0.05)
    attempts = count(1)

    async def prepare(**_: Any) -> None:
        if next(attempts) <= 5:
            raise StorageUnavailable("the cause")

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    app = create_app(container)
    async with app.router.lifespan_context(app):
        pass
    pauses = [record.args for record in caplog.records if record.levelno == logging.ERROR]
    assert [args[0] for args in pauses if isinstance(args, tuple)] == [0.01, 0.02, 0.04, 0.05, 0.05]
    assert caplog.messages[0].endswith("trying again in 0.01 s: the cause")


async def test_many_who_ask_for_readiness_at_once_share_one_look_at_the_storage(
    container: Container, anonymous: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[StorageUnavailable | None] = []

    async def look() -> None:
        looks.append(outcome)
        await asyncio.sleep(0.05)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(container.storage(), "check", look)
    for outcome, status in ((None, 200), (StorageUnavailable(), 503)):
        answers = await asyncio.gather(*[anonymous.get("/health/ready") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {status}
        assert looks.pop() is outcome
        assert not looks


async def test_two_applications_in_one_process_do_not_see_each_other(
    app: FastAPI, container: Container, client: AsyncClient, create: Callable[..., Any]
) -> None:
    await create()
    other = Container(settings=container.settings())
    async with AsyncClient(
        transport=ASGITransport(create_app(other)), base_url="http://api", headers=client.headers
    ) as second:
        assert (await second.get(TASKS)).json() == []
        assert len((await client.get(TASKS)).json()) == 1
    assert app.state.container is container
