"""The headers that every response has."""

from collections.abc import Callable
from typing import Any

import pytest
from dependency_injector.providers import Object
from httpx import ASGITransport, AsyncClient, Response

from adapters.memory.task_repository import MemoryTaskRepository
from application.errors import StorageUnavailable
from domain.task import Task
from entrypoints.container import Container
from entrypoints.http.app import create_app
from tests.http.conftest import ORIGIN

TASKS = "/api/ada/tasks"


class BrokenRepository(MemoryTaskRepository):
    """Raises the given error on every get."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def get(self, owner: str, task_id: int) -> Task:
        raise self._error


def caching(response: Response) -> list[str]:
    """Return the response's Cache-Control, after checking the other common headers."""
    assert response.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert len(response.headers.get_list("X-Request-ID")) == 1
    assert "Server" not in response.headers
    return response.headers.get_list("Cache-Control")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_tasks_are_kept_by_the_users_device_alone_and_revalidated(
    client: AsyncClient, create: Callable[..., Any], method: str
) -> None:
    task = await create()
    for path in (TASKS, f"{TASKS}?status=pending&sort=title", f"{TASKS}/{task['id']}"):
        response = await client.request(method, path)
        assert response.status_code == 200
        assert caching(response) == ["private, no-cache"]


async def test_the_response_to_a_change_is_not_kept(client: AsyncClient) -> None:
    answers = [
        await client.post(TASKS, json={"title": "Buy milk"}),
        await client.put(f"{TASKS}/1", json={"title": "Buy oat milk"}),
        await client.patch(f"{TASKS}/1/complete"),
        await client.delete(f"{TASKS}/1"),
    ]
    assert [response.status_code for response in answers] == [201, 200, 200, 204]
    for response in answers:
        assert caching(response) == ["no-store"]


@pytest.mark.parametrize(
    ("status", "method", "path", "request_"),
    [
        (400, "POST", TASKS, {"content": "{", "headers": {"Content-Type": "application/json"}}),
        (401, "GET", TASKS, {"headers": {"Authorization": ""}}),
        (403, "GET", "/api/bob/tasks", {}),
        (404, "GET", f"{TASKS}/1", {}),
        (404, "HEAD", f"{TASKS}/1", {}),
        (404, "GET", "/nowhere", {}),
        (405, "TRACE", TASKS, {}),
        (413, "POST", TASKS, {"content": b"x" * 65_537}),
        (415, "POST", TASKS, {"content": "{}"}),
        (422, "GET", f"{TASKS}?sort=random", {}),
        (422, "POST", TASKS, {"json": {}}),
    ],
)
async def test_an_error_is_not_kept(
    client: AsyncClient, status: int, method: str, path: str, request_: dict[str, Any]
) -> None:
    response = await client.request(method, path, **request_)
    assert response.status_code == status
    assert caching(response) == ["no-store"]


@pytest.mark.parametrize("error", [StorageUnavailable("OperationalError"), ZeroDivisionError()])
async def test_an_error_of_the_service_is_not_kept(
    container: Container, client: AsyncClient, error: Exception
) -> None:
    with container.tasks.override(Object(BrokenRepository(error))):
        app = create_app(container)
    async with AsyncClient(
        transport=ASGITransport(app), base_url="http://api", headers=client.headers
    ) as broken:
        response = await broken.get(f"{TASKS}/1")
    assert response.status_code == 500
    assert caching(response) == ["no-store"]


@pytest.mark.parametrize("path", ["/health/live", "/health/database", "/docs", "/openapi.json"])
async def test_other_responses_are_not_kept(anonymous: AsyncClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        response = await anonymous.request(method, path)
        assert response.status_code == 200
        assert caching(response) == ["no-store"]


@pytest.mark.parametrize(("asked", "status"), [("POST", 200), ("TRACE", 400)])
async def test_a_preflight_carries_them_too(
    anonymous: AsyncClient, asked: str, status: int
) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": asked}
    response = await anonymous.options(TASKS, headers=headers)
    assert response.status_code == status
    assert caching(response) == ["no-store"]
