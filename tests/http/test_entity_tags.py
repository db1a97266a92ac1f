"""Conditional requests: cheap polls, and changes that require the state that was seen."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response

from entrypoints.http.compression import GZIP_MIN, Gzip
from tests.clock import SettableClock

pytestmark = pytest.mark.conformance

TASKS = "/api/ada/tasks"
TASK = f"{TASKS}/1"
VARY_OF_TASKS = {"Authorization", "Origin"}

Create = Callable[..., Any]


def vary(response: Response) -> set[str]:
    return set(response.headers["Vary"].split(", "))


def raw_etag(response: Response) -> str:
    tag: str = response.headers["ETag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    return tag


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [TASK, TASKS, f"{TASKS}?status=pending&sort=title"])
async def test_a_client_that_has_the_current_state_gets_no_body(
    client: AsyncClient, create: Create, path: str, method: str
) -> None:
    await create()
    tag = raw_etag(await client.get(path))
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = await client.request(method, path, headers={"If-None-Match": condition})
        assert (response.status_code, response.content) == (304, b"")
        assert raw_etag(response) == tag
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert vary(response) >= VARY_OF_TASKS
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize("path", [TASK, TASKS])
@pytest.mark.parametrize("condition", ['"other"', "", "x", '"', "*, *", 'W/""'])
async def test_a_client_that_has_another_state_gets_the_body(
    client: AsyncClient, create: Create, path: str, condition: str
) -> None:
    await create()
    response = await client.get(path, headers={"If-None-Match": condition})
    assert response.status_code == 200
    assert response.content
    assert vary(response) >= VARY_OF_TASKS


async def test_several_lines_of_a_condition_are_one_list(
    client: AsyncClient, create: Create
) -> None:
    await create()
    tag = raw_etag(await client.get(TASKS))
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
    response = await client.get(TASKS, headers=[*client.headers.multi_items(), *lines])
    assert response.status_code == 304


async def test_every_change_of_a_list_changes_its_tag(client: AsyncClient, create: Create) -> None:
    tags = [raw_etag(await client.get(TASKS))]

    async def note() -> None:
        unchanged = await client.get(TASKS, headers={"If-None-Match": tags[-1]})
        assert unchanged.status_code == 200
        tags.append(raw_etag(unchanged))
        assert (await client.get(TASKS, headers={"If-None-Match": tags[-1]})).status_code == 304

    await create()
    await note()
    await create()
    await note()
    await client.put(TASK, json={"title": "Other"})
    await note()
    await client.patch(f"{TASK}/complete")
    await note()
    await client.patch(f"{TASK}/complete")
    await note()
    await client.delete(TASK)
    await note()
    assert len(set(tags)) == len(tags)


async def test_an_edit_without_a_change_keeps_the_tags(client: AsyncClient, create: Create) -> None:
    await create()
    tags = [raw_etag(await client.get(path)) for path in (TASKS, TASK)]
    await client.put(TASK, json={"title": "Buy milk"})
    assert [raw_etag(await client.get(path)) for path in (TASKS, TASK)] == tags


async def test_a_list_in_another_order_has_another_tag(client: AsyncClient, create: Create) -> None:
    await create()
    tag = raw_etag(await client.get(f"{TASKS}?sort=title"))
    assert (await client.get(TASKS, headers={"If-None-Match": tag})).status_code == 200


async def test_the_tag_of_a_filtered_list_ignores_other_tasks(
    client: AsyncClient, create: Create
) -> None:
    await create()
    await create()
    await client.patch(f"{TASK}/complete")
    tag = raw_etag(await client.get(f"{TASKS}?status=pending"))
    await client.put(TASK, json={"title": "Done long ago"})
    headers = {"If-None-Match": tag}
    assert (await client.get(f"{TASKS}?status=pending", headers=headers)).status_code == 304


async def test_a_tag_reveals_nothing_about_another_users_tasks(
    client: AsyncClient, create: Create, token: Callable[..., str]
) -> None:
    await create()
    tag = raw_etag(await client.get(TASKS))
    as_bob = {"Authorization": f"Bearer {token('bob')}", "If-None-Match": tag}
    assert (await client.get(TASKS, headers=as_bob)).status_code == 403
    assert (await client.get("/api/bob/tasks", headers=as_bob)).status_code == 200
    as_bob["If-Match"] = as_bob.pop("If-None-Match")
    assert (await client.delete("/api/bob/tasks/1", headers=as_bob)).status_code == 404


async def test_every_response_with_a_task_has_the_tag_of_its_last_change(
    client: AsyncClient, clock: SettableClock
) -> None:
    clock.time += timedelta(microseconds=1)
    answers = [
        await client.post(TASKS, json={"title": "Buy milk"}),
        await client.get(TASK),
        await client.put(TASK, json={"title": "Other"}),
        await client.patch(f"{TASK}/complete"),
    ]
    for answer in answers:
        assert raw_etag(answer) == f'"{answer.json()["updated_at"]}"'


Change = tuple[str, str, Any, int]
CHANGES: dict[str, Change] = {
    "put": ("PUT", TASK, {"title": "Other"}, 200),
    "patch": ("PATCH", f"{TASK}/complete", None, 200),
    "set": ("PATCH", f"{TASK}/complete", {"completed": True}, 200),
    "delete": ("DELETE", TASK, None, 204),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_change_requires_the_tag_of_the_current_state(
    client: AsyncClient, create: Create, change: Change
) -> None:
    method, path, body, status = change
    task = await create()
    seen = f'"{task["updated_at"]}"'
    token = (b"Authorization", client.headers["Authorization"].encode())
    stale = ['"2026-11-21T11:00:00.000000Z"', f"W/{seen}", '"x"', "x", "", '"*"', "\u00e9"]
    stale += [f"w/{seen}", f"x{seen}"]
    for condition in stale:
        refused = await client.request(
            method, path, json=body, headers=[(b"If-Match", condition.encode()), token]
        )
        assert refused.status_code == 412
        assert (await client.get(TASK)).json() == task
    headers = {"If-Match": f'"x", {seen}'}
    response = await client.request(method, path, json=body, headers=headers)
    assert response.status_code == status
    # The repetition is refused, which makes a toggle safe to repeat.
    again = await client.request(method, path, json=body, headers=headers)
    assert again.status_code == (404 if method == "DELETE" else 412)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_star_matches_any_state_of_an_existing_task(
    client: AsyncClient, create: Create, change: Change
) -> None:
    method, path, body, status = change
    headers = {"If-Match": "*"}
    assert (await client.request(method, path, json=body, headers=headers)).status_code == 404
    await create()
    assert (await client.request(method, path, json=body, headers=headers)).status_code == status


async def test_a_large_list_is_compressed_if_gzip_is_accepted(
    client: AsyncClient, create: Create
) -> None:
    for _ in range(20):
        await create(description="x" * 100)
    plain = await client.get(TASKS, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert len(plain.content) >= GZIP_MIN
    for accepted in ("gzip", "br;q=1.0, GZIP;q=0.5", "deflate, gzip"):
        packed = await client.get(TASKS, headers={"Accept-Encoding": accepted})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) < len(plain.content) / 4
        assert packed.content == plain.content
        assert vary(plain) == vary(packed) == VARY_OF_TASKS | {"Accept-Encoding"}
        # Other bytes have another tag; both tags match.
        assert raw_etag(packed) != raw_etag(plain)
        for answer in (packed, plain):
            headers = {"If-None-Match": raw_etag(answer), "Accept-Encoding": accepted}
            unchanged = await client.get(TASKS, headers=headers)
            assert unchanged.status_code == 304
            assert raw_etag(unchanged) == raw_etag(answer)


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip; q=0.000", "br", "*"])
async def test_a_list_is_not_compressed_unless_gzip_is_accepted(
    client: AsyncClient, create: Create, accepted: str
) -> None:
    for _ in range(20):
        await create(description="x" * 100)
    response = await client.get(TASKS, headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers


async def test_a_small_list_is_not_worth_compressing(client: AsyncClient, create: Create) -> None:
    await create()
    response = await client.get(TASKS, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers


async def test_a_list_of_a_kibibyte_is_the_shortest_that_is_compressed(
    client: AsyncClient, create: Create
) -> None:
    await create(description="x")
    rest = len((await client.get(TASKS)).content) - len("x")
    for length, coding in ((1023, None), (1024, "gzip")):
        await client.put(TASK, json={"description": "x" * (length - rest)})
        response = await client.get(TASKS, headers={"Accept-Encoding": "gzip"})
        assert len(response.content) == length
        assert response.headers.get("Content-Encoding") == coding


async def test_the_same_body_is_always_compressed_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Otherwise one tag would stand for several bodies.
    compressed = set()
    for seconds in (0, 10**9):
        monkeypatch.setattr(time, "time", lambda now=seconds: now)
        gzip = Gzip()
        compressed.add(await gzip.compress(b"x" * 2000) + gzip.flush())
    assert len(compressed) == 1


async def test_times_have_microseconds_also_if_a_text_looks_like_a_time(
    client: AsyncClient, create: Create, clock: SettableClock
) -> None:
    title = '"created_at":"2026-11-21T12:00:00Z"'
    tasks = [await create(title)]
    clock.time += timedelta(microseconds=120)
    tasks.append(await create(title))
    await client.patch(f"{TASKS}/1/complete")
    listed = (await client.get(TASKS)).json()
    assert [task["title"] for task in listed] == [title, title]
    assert listed[0]["created_at"] == "2026-11-21T12:00:00.000000Z"
    assert listed[0]["updated_at"] == listed[1]["created_at"] == "2026-11-21T12:00:00.000120Z"
    assert tasks[0]["created_at"] == listed[0]["created_at"]
