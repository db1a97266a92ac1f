"""The six operations, following the user stories of the specification."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from dependency_injector.providers import Object
from httpx import ASGITransport, AsyncClient

from entrypoints.container import Container
from entrypoints.http.app import create_app
from tests.clock import SettableClock
from tests.http.conftest import ODD_USERS

pytestmark = pytest.mark.conformance

TASKS = "/api/ada/tasks"


async def test_a_created_task_is_answered_in_full(client: AsyncClient) -> None:
    response = await client.post(TASKS, json={"title": " Buy milk ", "description": "Two litres"})
    assert response.status_code == 201
    assert response.json() == {
        "id": 1,
        "user_id": "ada",
        "title": "Buy milk",
        "description": "Two litres",
        "completed": False,
        "created_at": "2026-11-21T12:00:00.000000Z",
        "updated_at": "2026-11-21T12:00:00.000000Z",
    }
    assert response.headers["Location"] == "/api/ada/tasks/1"
    assert (await client.get(response.headers["Location"])).json() == response.json()


async def test_a_description_is_optional(client: AsyncClient) -> None:
    response = await client.post(TASKS, json={"title": "Buy milk"})
    assert response.json()["description"] is None


async def test_unknown_fields_are_ignored(client: AsyncClient, create: Callable[..., Any]) -> None:
    task = await create()
    whole = task | {"title": "Other", "created_at": "x", "user_id": "bob", "extra": {"a": [1]}}
    updated = (await client.put(f"{TASKS}/1", json=whole)).json()
    assert updated == task | {"title": "Other", "updated_at": updated["updated_at"]}


async def test_one_trailing_slash_is_ignored_without_a_redirect(client: AsyncClient) -> None:
    created = await client.post(f"{TASKS}/", json={"title": "Buy milk"})
    assert (created.status_code, created.headers["Location"]) == (201, f"{TASKS}/1")
    completed = await client.patch(f"{TASKS}/1/complete/")
    assert completed.json()["completed"] is True
    edited = await client.put(f"{TASKS}/1/", json={"title": "Other"})
    assert edited.json() == (await client.get(f"{TASKS}/1/")).json()
    listed = await client.get(f"{TASKS}/?status=completed")
    assert listed.json() == [edited.json()]
    head = await client.head(f"{TASKS}/?status=completed")
    assert head.headers["ETag"] == listed.headers["ETag"]
    assert (await client.delete(f"{TASKS}/1/")).status_code == 204
    assert (await client.get("/health/live/")).status_code == 200
    assert (await client.get("/api/bob/tasks/")).status_code == 403
    for method in ("OPTIONS", "POST"):
        wrong = await client.request(method, f"{TASKS}/1/")
        assert (wrong.status_code, wrong.headers["Allow"]) == (405, "DELETE, GET, HEAD, PUT")


async def test_a_user_has_no_tasks_at_first(client: AsyncClient) -> None:
    response = await client.get(TASKS)
    assert (response.status_code, response.json()) == (200, [])


async def test_a_user_sees_their_own_tasks_only(
    client: AsyncClient, create: Callable[..., Any], token: Callable[..., str]
) -> None:
    task = await create()
    as_bob = {"Authorization": f"Bearer {token('bob')}"}
    assert (await client.get("/api/bob/tasks", headers=as_bob)).json() == []
    for method, path in [
        ("GET", "/api/bob/tasks/1"),
        ("PUT", "/api/bob/tasks/1"),
        ("PATCH", "/api/bob/tasks/1/complete"),
        ("DELETE", "/api/bob/tasks/1"),
    ]:
        body = {"title": "Mine"} if method == "PUT" else None
        response = await client.request(method, path, json=body, headers=as_bob)
        assert (response.status_code, response.json()["detail"]) == (404, "Task not found")
    assert (await client.get(TASKS)).json() == [task]


async def test_a_put_changes_what_it_names(
    client: AsyncClient, create: Callable[..., Any], clock: SettableClock
) -> None:
    task = await create(description="Two litres")
    clock.time += timedelta(seconds=1)
    response = await client.put(f"{TASKS}/1", json={"title": " Buy oat milk "})
    assert response.status_code == 200
    expected = {"title": "Buy oat milk", "updated_at": "2026-11-21T12:00:01.000000Z"}
    assert response.json() == task | expected
    assert (await client.get(f"{TASKS}/1")).json() == response.json()


async def test_a_null_clears_the_description(
    client: AsyncClient, create: Callable[..., Any]
) -> None:
    await create(description="Two litres")
    updated = (await client.put(f"{TASKS}/1", json={"description": None})).json()
    assert (updated["title"], updated["description"]) == ("Buy milk", None)


async def test_a_put_may_also_complete_and_reopen(
    client: AsyncClient, create: Callable[..., Any]
) -> None:
    task = await create()
    for completed in (True, False):
        whole = task | {"title": "Other", "completed": completed}
        response = await client.put(f"{TASKS}/1", json=whole)
        assert response.status_code == 200
        assert (response.json()["title"], response.json()["completed"]) == ("Other", completed)
        again = await client.put(f"{TASKS}/1", json={"completed": completed})
        assert again.json() == response.json() == (await client.get(f"{TASKS}/1")).json()


@pytest.mark.parametrize(
    "body",
    [{}, {"title": "Buy milk"}, {"title": " Buy milk"}, {"x": 1}, {"completed": False}],
)
async def test_a_put_without_a_change_is_not_an_update(
    client: AsyncClient, create: Callable[..., Any], clock: SettableClock, body: dict[str, Any]
) -> None:
    task = await create()
    clock.time += timedelta(seconds=1)
    response = await client.put(f"{TASKS}/1", json=body)
    assert (response.status_code, response.json()) == (200, task)


async def test_a_patch_completes_and_reopens(
    client: AsyncClient, create: Callable[..., Any]
) -> None:
    task = await create()
    updates = [task["updated_at"]]
    for completed in (True, False, True):
        response = await client.patch(f"{TASKS}/1/complete")
        assert (response.status_code, response.json()["completed"]) == (200, completed)
        updates.append(response.json()["updated_at"])
    # Each time is later than the one before, although the clock stands still.
    assert updates == sorted(set(updates))


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_patch_that_names_a_state_sets_it_and_can_be_repeated(
    client: AsyncClient, create: Callable[..., Any], wanted: bool
) -> None:
    await create()
    for was in (True, False):
        before = await client.put(f"{TASKS}/1", json={"completed": was})
        for _ in range(2):
            response = await client.patch(f"{TASKS}/1/complete", json={"completed": wanted})
            assert (response.status_code, response.json()["completed"]) == (200, wanted)
            assert response.json() == (await client.get(f"{TASKS}/1")).json()
            is_new = response.json()["updated_at"] > before.json()["updated_at"]
            assert is_new is (was is not wanted)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"x": null}'])
@pytest.mark.parametrize("kind", ["application/json", None])
async def test_a_patch_that_names_no_state_flips_it(
    client: AsyncClient, create: Callable[..., Any], content: bytes, kind: str | None
) -> None:
    await create()
    headers = {} if kind is None else {"Content-Type": kind}
    for completed in (True, False):
        response = await client.patch(f"{TASKS}/1/complete", content=content, headers=headers)
        if content and kind is None:
            assert response.status_code == 415
        else:
            assert (response.status_code, response.json()["completed"]) == (200, completed)


async def test_a_deleted_task_is_not_found(client: AsyncClient, create: Callable[..., Any]) -> None:
    await create()
    response = await client.delete(f"{TASKS}/1")
    assert (response.status_code, response.content) == (204, b"")
    assert (await client.delete(f"{TASKS}/1")).status_code == 404
    assert (await client.get(TASKS)).json() == []


async def test_tasks_are_filtered_and_sorted(
    client: AsyncClient, create: Callable[..., Any], clock: SettableClock
) -> None:
    for title in ("b", "A", "c", "B"):
        await create(title)
        clock.time -= timedelta(seconds=1)
    await client.patch(f"{TASKS}/2/complete")

    async def titles(query: str) -> list[str]:
        response = await client.get(f"{TASKS}{query}")
        assert response.status_code == 200
        return [task["title"] for task in response.json()]

    assert await titles("") == await titles("?status=all&sort=created") == ["B", "c", "A", "b"]
    assert await titles("?status=pending") == ["B", "c", "b"]
    assert await titles("?status=completed") == ["A"]
    assert await titles("?sort=title") == ["A", "b", "B", "c"]
    assert await titles("?sort=title&status=pending") == ["b", "B", "c"]
    assert await titles("?page=2&page=3&sort=title") == ["A", "b", "B", "c"]


@pytest.mark.parametrize("user", ODD_USERS)
async def test_a_user_id_is_any_text(
    client: AsyncClient, token: Callable[..., str], user: str
) -> None:
    tasks = f"/api/{quote(user, safe='')}/tasks"
    client.headers["Authorization"] = f"Bearer {token(user)}"
    created = await client.post(tasks, json={"title": "Buy milk"})
    assert (created.status_code, created.json()["user_id"]) == (201, user)
    assert created.headers["Location"] == f"{tasks}/1"
    assert (await client.get(created.headers["Location"])).json() == created.json()


async def test_a_deleted_user_can_neither_read_nor_create(
    client: AsyncClient, token: Callable[..., str]
) -> None:
    client.headers["Authorization"] = f"Bearer {token('eve')}"
    assert (await client.get("/api/eve/tasks")).json() == []
    assert (await client.get("/api/eve/tasks/1")).status_code == 404
    response = await client.post("/api/eve/tasks", json={"title": "Buy milk"})
    assert (response.status_code, response.json()["detail"]) == (401, "Unknown user")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("limit", [0, 1, 2])
async def test_a_user_has_at_most_the_configured_number_of_tasks(
    container: Container, token: Callable[..., str], limit: int
) -> None:
    settings = container.settings().model_copy(update={"tasks_per_user": limit})
    container.settings.override(Object(settings))
    app = create_app(container)
    headers = {"Authorization": f"Bearer {token()}"}
    async with AsyncClient(
        transport=ASGITransport(app), base_url="http://api", headers=headers
    ) as limited:
        for _ in range(limit or 3):
            assert (await limited.post(TASKS, json={"title": "Buy milk"})).status_code == 201
        response = await limited.post(TASKS, json={"title": "Buy milk"})
        assert response.status_code == (409 if limit else 201)
        if limit:
            detail = f"A user can have at most {limit} tasks; delete some first"
            assert response.json() == {"status_code": 409, "detail": detail}
        await limited.delete(f"{TASKS}/1")
        assert (await limited.post(TASKS, json={"title": "Buy milk"})).status_code == 201


async def test_times_have_microseconds_and_are_utc(
    create: Callable[..., Any], clock: SettableClock
) -> None:
    clock.time = clock.time.replace(microsecond=120)
    task = await create()
    assert re.fullmatch(r"2026-11-21T12:00:00\.000120Z", task["created_at"])


async def test_head_is_like_get_without_the_body(
    client: AsyncClient, create: Callable[..., Any]
) -> None:
    await create()
    for path in (TASKS, f"{TASKS}/1", "/health/live", "/health/database", "/openapi.json", "/docs"):
        get, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
        assert head.headers["content-type"] == get.headers["content-type"]
    assert (await client.head(f"{TASKS}/2")).status_code == 404
