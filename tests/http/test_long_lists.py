"""Long lists: the same bytes, made in pieces, two at a time."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dependency_injector.providers import Object
from fastapi import FastAPI
from httpx import AsyncClient

from adapters.memory.task_repository import MemoryTaskRepository
from application.arranging import LONG
from application.errors import StorageUnavailable
from domain.listing import Page, Position, SortOrder, StatusFilter, fingerprint
from domain.task import Task
from entrypoints.container import Container
from entrypoints.http import list_places, task_json, task_lists
from entrypoints.http.app import create_app
from tests.http.conftest import USERS

TASKS = "/api/ada/tasks"
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def task(owner: str, number: int, text: str) -> Task:
    moment = START + timedelta(microseconds=number)
    return Task(number, owner, f"Title {number}", text, False, moment, moment)


class LongRepository(MemoryTaskRepository):
    """Every user has the same number of tasks. Lists without a limit can be held up."""

    def __init__(self) -> None:
        super().__init__(users=USERS)
        self.number = LONG + 1
        self.text = "\N{GRINNING FACE}" * 40
        self.free = asyncio.Event()
        self.free.set()
        self.reading: list[str] = []
        """Owners whose whole lists are being read, in order."""
        self.limits: list[int | None] = []

    def tasks(self, owner: str = "ada") -> list[Task]:
        return [task(owner, number, self.text) for number in range(1, self.number + 1)]

    async def list(self, owner: str, status: StatusFilter, order: SortOrder) -> list[Task]:
        self.limits.append(None)
        self.reading.append(owner)
        await self.free.wait()
        return order.arrange(self.tasks(owner))

    async def page(
        self,
        owner: str,
        status: StatusFilter,
        order: SortOrder,
        *,
        limit: int,
        after: Position | None = None,
    ) -> Page:
        self.limits.append(limit)
        tasks = [
            task for task in self.tasks(owner) if after is None or order.position(task) > after
        ]
        tasks = order.arrange(tasks)
        return Page(tasks[:limit], order.position(tasks[limit - 1]) if tasks[limit:] else None)

    async def fingerprint(self, owner: str, status: StatusFilter) -> str:
        return fingerprint(self.tasks(owner))


@pytest.fixture
def repository(container: Container) -> Iterator[LongRepository]:
    """In the container before the application is made of it."""
    repository = LongRepository()
    with container.tasks.override(Object(repository)):
        yield repository


@pytest.fixture(autouse=True)
def app(container: Container, repository: LongRepository) -> FastAPI:
    return create_app(container)


def one_step(tasks: list[Task]) -> bytes:
    return task_json.encode_tasks(tasks)


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("number", [LONG - 1, LONG, LONG + 1, LONG + 49, 3 * LONG + 7])
async def test_a_list_has_the_same_content_whether_or_not_it_is_long(
    client: AsyncClient, repository: LongRepository, number: int, coding: str
) -> None:
    repository.number = number
    response = await client.get(TASKS, headers={"Accept-Encoding": coding})
    assert response.status_code == 200
    assert response.content == one_step(repository.tasks())
    assert response.headers.get("Content-Encoding", "identity") == coding
    suffix = "-gzip" if coding == "gzip" else ""
    tag = f'"created-{fingerprint(repository.tasks())}{suffix}"'
    assert response.headers["ETag"] == tag
    assert response.headers["Vary"] == "Authorization, Accept-Encoding, Origin"
    again = await client.get(TASKS, headers={"Accept-Encoding": coding, "If-None-Match": tag})
    assert again.status_code == 304
    assert repository.limits == ([LONG] if number <= LONG else [LONG, None])


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize(("length", "reads"), [(2040, 1), (2060, 2)])
async def test_few_tasks_of_many_bytes_are_made_like_a_long_list(
    client: AsyncClient, repository: LongRepository, length: int, reads: int, order: SortOrder
) -> None:
    repository.number = 512
    repository.text = ""
    each = len(one_step(repository.tasks())) // repository.number
    repository.text = "x" * (length - each)
    expected = one_step(order.arrange(repository.tasks()))
    response = await client.get(TASKS, params={"sort": order})
    assert response.content == expected
    assert repository.limits == [LONG, None][:reads]


async def test_a_page_of_many_bytes_is_made_like_a_long_list(
    client: AsyncClient, repository: LongRepository
) -> None:
    repository.text = "\N{GRINNING FACE}" * 1000
    repository.number = 601
    path = f"{TASKS}?limit=300"
    response = await client.get(path)
    assert repository.limits == [300, 300]
    assert response.content == one_step(repository.tasks()[:300])
    link = response.headers["Link"]
    head = await client.head(path)
    unchanged = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (head.status_code, unchanged.status_code) == (200, 304)
    for other in (head, unchanged):
        assert other.headers["Link"] == link
        assert other.headers["ETag"] == response.headers["ETag"]
    second = await client.get(link[1:].partition(">")[0])
    assert second.content == one_step(repository.tasks()[300:600])
    third = await client.get(second.headers["Link"][1:].partition(">")[0])
    assert (third.content, "Link" in third.headers) == (one_step(repository.tasks()[600:]), False)


async def ask(
    app: FastAPI,
    token: str,
    send: Any,
    *headers: tuple[bytes, bytes],
    path: str = TASKS,
) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer " + token.encode()), *headers],
    }
    await app(scope, _receive, send)


async def _receive() -> Any:
    return {"type": "http.request", "body": b""}


@pytest.mark.parametrize("headers", [(), ((b"accept-encoding", b"gzip"),)])
async def test_a_long_list_is_handed_to_the_server_in_small_parts_of_a_known_length(
    app: FastAPI, repository: LongRepository, token: Callable[..., str], headers: Any
) -> None:
    repository.text = "\N{GRINNING FACE}" * 1000
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    await ask(app, token(), send, *headers)
    start, *parts = messages
    length = int(dict(start["headers"])[b"content-length"])
    body = b"".join(part["body"] for part in parts)
    assert len(body) == length
    assert max(len(part["body"]) for part in parts) <= 64 * 1024
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    if headers:
        body = gzip.decompress(body)
    assert len(json.loads(body)) == repository.number


async def test_other_requests_are_answered_while_a_long_list_is_made_and_sent(
    app: FastAPI, repository: LongRepository, token: Callable[..., str]
) -> None:
    turns, sent = 0, []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def send(message: Any) -> None:
        sent.append(turns)

    others = asyncio.create_task(take_turns())
    await ask(app, token(), send)
    others.cancel()
    # Other requests run after each piece of 50 tasks, and after each part that is sent.
    assert sent[0] >= repository.number // 50
    assert sent[-2] - sent[1] >= len(sent) - 3


@pytest.mark.parametrize("number", [100, LONG + 1])
async def test_others_have_their_turn_after_each_64_kib_that_are_compressed(
    app: FastAPI, repository: LongRepository, token: Callable[..., str], number: int
) -> None:
    turns, first_sent = 0, 0
    repository.number = number
    repository.text = "\N{GRINNING FACE}" * 1000

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def send(message: Any) -> None:
        nonlocal first_sent
        first_sent = first_sent or turns

    others = asyncio.create_task(take_turns())
    await ask(app, token(), send, (b"accept-encoding", b"gzip"))
    others.cancel()
    assert first_sent >= len(one_step(repository.tasks())) // (64 * 1024)


async def test_a_list_has_the_same_compressed_bytes_whenever_it_is_made(
    app: FastAPI, token: Callable[..., str]
) -> None:
    bodies = []
    for _ in range(2):
        parts: list[bytes] = []

        async def send(message: Any, parts: list[bytes] = parts) -> None:
            parts.append(message.get("body", b""))

        await ask(app, token(), send, (b"accept-encoding", b"gzip"))
        bodies.append(b"".join(parts))
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_a_long_list_that_has_become_empty_is_an_empty_list(
    client: AsyncClient, repository: LongRepository, coding: str
) -> None:
    repository.free.clear()
    request = asyncio.create_task(client.get(TASKS, headers={"Accept-Encoding": coding}))
    await settled()
    repository.number = 0
    repository.free.set()
    assert (await request).json() == []


async def test_head_of_a_long_list_has_its_tag_and_does_not_make_it(
    client: AsyncClient, repository: LongRepository
) -> None:
    for coding in ("gzip", "identity"):
        headers = {"Accept-Encoding": coding}
        get = await client.get(TASKS, headers=headers)
        repository.limits.clear()
        head = await client.head(TASKS, headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        assert "Content-Length" not in head.headers
        for name in ("ETag", "Vary", "Content-Type", "Cache-Control", "Content-Encoding"):
            assert head.headers.get(name) == get.headers.get(name)
        assert repository.limits == [LONG]


async def settled() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def test_two_long_lists_are_made_at_a_time_and_one_for_a_user(
    anonymous: AsyncClient, repository: LongRepository, token: Callable[..., str]
) -> None:
    async def list_of(user: str) -> int:
        headers = {"Authorization": f"Bearer {token(user)}"}
        return (await anonymous.get(f"/api/{user}/tasks", headers=headers)).status_code

    repository.free.clear()
    requests = []
    for user in ("ada", "ada", "bob", "x" * 255):
        requests.append(asyncio.create_task(list_of(user)))
        await settled()
    assert repository.reading == ["ada", "bob"]
    # A short list does not wait for them.
    repository.number = LONG
    assert await list_of("ADA") == 200
    repository.number = LONG + 1
    repository.free.set()
    assert set(await asyncio.gather(*requests)) == {200}
    assert sorted(repository.reading) == sorted(["ada", "ada", "bob", "x" * 255])


async def test_a_long_list_that_gets_no_turn_in_time_is_a_500_that_says_to_retry(
    anonymous: AsyncClient,
    repository: LongRepository,
    token: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert task_lists._WITHIN_SECONDS == 6.5
    monkeypatch.setattr(task_lists, "_WITHIN_SECONDS", 0.05)
    headers = {"Authorization": f"Bearer {token()}"}
    repository.free.clear()
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*[anonymous.get(TASKS, headers=headers) for _ in range(2)])
    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"]) == (500, "5")
    repository.free.set()
    monkeypatch.undo()
    assert (await anonymous.get(TASKS, headers=headers)).status_code == 200


async def test_an_error_while_a_long_list_is_read_is_answered_and_gives_the_place_back(
    client: AsyncClient, repository: LongRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise StorageUnavailable("gone")

    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(repository.free, "wait", fail)
        for _ in range(3):
            response = await client.get(TASKS)
            assert (response.status_code, response.headers["Retry-After"]) == (500, "5")
    assert (await client.get(TASKS)).status_code == 200


@pytest.mark.parametrize("unsent_max", [0, 10**9])
async def test_lists_that_clients_read_slowly_delay_further_ones_only_if_they_are_large(
    app: FastAPI,
    repository: LongRepository,
    token: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    unsent_max: int,
) -> None:
    monkeypatch.setattr(list_places, "_UNSENT_MAX", unsent_max)
    reads = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await reads.wait()

    slow = [asyncio.create_task(ask(app, token(), send)) for _ in range(3)]
    await settled()
    assert repository.reading == ["ada"] * (3 if unsent_max else 1)
    reads.set()
    await asyncio.gather(*slow)
    assert repository.reading == ["ada"] * 3


async def test_slow_clients_keep_the_lists_of_other_users_waiting_for_some_seconds_only(
    app: FastAPI,
    repository: LongRepository,
    token: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert list_places._READ_WITHIN_SECONDS == 4
    monkeypatch.setattr(list_places, "_READ_WITHIN_SECONDS", 0.02)
    # One list may wait for its client, but not two.
    monkeypatch.setattr(list_places, "_UNSENT_MAX", 1.5 * len(one_step(repository.tasks())))
    begun = asyncio.Semaphore(0)
    ended: list[str] = []

    def reader(user: str, *, reads: bool) -> Any:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                if not reads:
                    begun.release()
                    await asyncio.Event().wait()
                if not message.get("more_body", False):
                    ended.append(user)

        return ask(app, token(user), send, path=f"/api/{user}/tasks")

    slow = [asyncio.create_task(reader(user, reads=False)) for user in ("ada", "bob", "ADA")]
    async with asyncio.timeout(10):
        for _ in slow:
            await begun.acquire()
    await asyncio.sleep(0.05)
    # No further list waits, so no client is cut off.
    assert not any(task.done() for task in slow)
    async with asyncio.timeout(10):
        await reader("x" * 255, reads=True)
        await asyncio.gather(*slow[:2])
    assert ended == ["x" * 255]
    assert caplog.text.count("cut off") == 2
    # There is room again: the last one may go on reading.
    assert not slow[2].done()
    slow[2].cancel()
    await asyncio.gather(slow[2], return_exceptions=True)


async def test_a_client_that_disconnects_gives_its_place_back(
    app: FastAPI, repository: LongRepository, token: Callable[..., str]
) -> None:
    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("disconnected")

    for _ in range(3):
        with pytest.raises(OSError, match="disconnected"):
            await ask(app, token(), send)
    assert repository.reading == ["ada"] * 3


async def test_freed_memory_is_returned_after_a_long_list_and_after_no_other(
    client: AsyncClient, repository: LongRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[None] = []
    monkeypatch.setattr(task_lists, "return_freed_memory", lambda: returned.append(None))
    await client.get(TASKS)
    assert len(returned) == 1
    repository.number = LONG
    await client.get(TASKS)
    assert len(returned) == 1
