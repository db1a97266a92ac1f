"""Errors: unknown routes, wrong methods, and failures of the service."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dependency_injector.providers import Object
from httpx import ASGITransport, AsyncClient

from adapters.memory.task_repository import MemoryTaskRepository
from application.errors import (
    ApplicationError,
    KeysUnavailable,
    StorageUnavailable,
    TaskChanged,
    TaskNotFound,
)
from domain.task import NewTask
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.http.error_statuses import NO_SUCH_PATH
from entrypoints.http.errors import ErrorHandler, described
from entrypoints.http.last_resort import LastResort
from tests.http.conftest import ORIGIN

TASKS = "/api/ada/tasks"


class BrokenRepository(MemoryTaskRepository):
    """Raises an error of the test's choice from add."""

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
        "/api/ada/tasks//",
        "/api/ada/tasks/1//",
        "/api/ada/tasks/1/complete//",
        "/api//tasks",
        "/api/ada/tasks/1/done",
        "/docs//",
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
    assert response.json() == {"status_code": 404, "detail": NO_SUCH_PATH}
    assert "/api/{user_id}/tasks" in NO_SUCH_PATH


# A server decodes a path before an application matches it: an encoded slash would end a segment,
# and an encoded line feed at the end would be overlooked.
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/api/a%2Fb/tasks",
        "/api%2Fada%2Ftasks",
        "/api%2fada%2ftasks/1",
        f"{TASKS}/1%2F",
        f"{TASKS}/%0A",
        f"{TASKS}/..%2F1",
        f"{TASKS}%0A",
        "/health/live%0a",
    ],
)
async def test_a_path_with_an_encoded_slash_or_line_feed_is_404(
    client: AsyncClient, create: Callable[..., Any], method: str, path: str
) -> None:
    task = await create()
    response = await client.request(method, path, json={"title": "Other"})
    # Another method than the route's is a 405, as for every path that Starlette matches.
    assert response.status_code == 404 or (response.status_code == 405 and method != "GET")
    assert (await client.get(TASKS)).json() == [task]


@pytest.mark.parametrize(
    "path", ["1%2Fcomplete", "1/complete%0A", "1/complete/%0A", "1%0A/complete/"]
)
async def test_such_a_path_does_not_lead_to_a_change(
    client: AsyncClient, create: Callable[..., Any], path: str
) -> None:
    task = await create()
    response = await client.patch(f"{TASKS}/{path}")
    assert response.status_code == 404
    assert (await client.get(TASKS)).json() == [task]


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


async def test_an_unavailable_storage_is_a_500_with_retry_after(
    broken: BrokenRepository, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.post(TASKS, json={"title": "s3cr3t-title"}, headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.headers["Retry-After"] == "5"
    assert "try again" in response.json()["detail"]
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["X-Request-ID"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    # No stack trace, because every request writes this line during an outage.
    assert record.getMessage() == f"StorageUnavailable: {broken.error}"
    assert record.exc_info is None
    assert "s3cr3t-title" not in caplog.text


async def test_an_unforeseen_error_is_a_500_that_a_browser_can_read(
    broken: BrokenRepository, client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    broken.error = ZeroDivisionError("the cause")
    response = await client.post(TASKS, json={"title": "Buy milk"}, headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.json() == {"status_code": 500, "detail": "Internal server error"}
    assert "Retry-After" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["X-Request-ID"]
    # With a stack trace, which is needed to find the cause.
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "ZeroDivisionError: the cause"
    assert record.exc_info is not None
    assert record.exc_info[1] is broken.error


async def test_a_request_that_a_stopping_server_cancels_is_a_500_that_says_to_retry() -> None:
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
async def test_a_response_that_has_begun_is_not_followed_by_another(
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
async def test_a_lifespan_event_that_fails_is_not_answered(error: type[BaseException]) -> None:
    async def fail(*_: Any) -> None:
        raise error

    async def use(*message: Any) -> Any:
        raise AssertionError(message)

    with pytest.raises(error):
        await LastResort(fail, ErrorHandler())({"type": "lifespan"}, use, use)


async def test_a_key_server_out_of_reach_is_a_500_that_says_so(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    class OutOfReach:
        async def subject_of(self, token: str) -> str:
            raise KeysUnavailable("BETTER_AUTH_JWKS_URL=https://h gives no keys: the reason")

    container.token_verifier.override(Object(OutOfReach()))
    transport = ASGITransport(create_app(container))
    async with AsyncClient(transport=transport, base_url="http://api") as client:
        response = await client.get(
            TASKS, headers={"Origin": ORIGIN, "Authorization": "Bearer x.y.z"}
        )
    assert response.json() == {
        "status_code": 500,
        "detail": "The service cannot get keys from the key server at the moment; please try again",
    }
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == (
        "KeysUnavailable: BETTER_AUTH_JWKS_URL=https://h gives no keys: the reason"
    )
    assert record.exc_info is None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (TaskNotFound(), "TaskNotFound: the user has no task with this number"),
        (TaskChanged(), "TaskChanged: the task has changed since the caller read it"),
        (StorageUnavailable(), "StorageUnavailable"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (ZeroDivisionError("the cause"), "ZeroDivisionError: the cause"),
    ],
    ids=repr,
)
def test_no_description_of_an_error_ends_after_a_colon(error: Exception, line: str) -> None:
    assert described(error) == line
    assert str(error) or not isinstance(error, ApplicationError)
