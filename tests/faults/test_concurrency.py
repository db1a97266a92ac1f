"""Concurrent requests: no change is lost, and no user sees another user's tasks."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.clients import Client, Exchange
from tests.faults.report import Measured, rounds
from tests.process.service import SECRET, Service, started, token

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

USERS = [f"user-{number}" for number in range(100)]


@pytest.fixture(params=[[], ["--workers", "2"]], ids=["one process", "2 workers"])
def options(request: pytest.FixtureRequest) -> list[str]:
    chosen: list[str] = request.param
    return chosen


@pytest.fixture
def service(options: list[str], tmp_path: Path, database_url: str) -> Iterator[Service]:
    with psycopg.connect(database_url) as connection:
        insert = "INSERT INTO users (id) VALUES (%s)"
        connection.cursor().executemany(insert, [(user,) for user in USERS])
    settings = {"NEON_DB_URL": database_url, "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", *options, cwd=tmp_path, **settings) as service:
        service.wait_until_ready()
        yield service


def how(options: list[str]) -> str:
    return " ".join(options) or "one process"


async def test_no_concurrent_toggle_is_lost(
    service: Service, options: list[str], measured: Measured
) -> None:
    at_once, each = 20, 25
    [owner, *_] = USERS
    clients = [Client(service.port, token(owner)) for _ in range(at_once)]
    created = await clients[0].send("POST", f"/api/{owner}/tasks", {"title": "Buy milk"})
    path = f"/api/{owner}/tasks/{created.json['id']}"

    async def toggle(client: Client) -> list[Exchange]:
        return [await client.send("PATCH", f"{path}/complete") for _ in range(each)]

    answers = [
        answer
        for answers in await asyncio.gather(*(toggle(client) for client in clients))
        for answer in answers
    ]
    last = await clients[0].send("GET", path)
    for client in clients:
        client.close()
    told = Counter(answer.json.get("completed") for answer in answers)
    measured(
        "7",
        f"{at_once} clients toggle one task {each} times each, {how(options)}",
        "exactly 250 true and 250 false answers",
        f"{told[True]} true, {told[False]} false",
    )
    assert {answer.status for answer in answers} == {200}
    assert told == {True: 250, False: 250}
    assert last.json["completed"] is False
    # Each response is a distinct state, ordered by its time.
    states = sorted((answer.json["updated_at"], answer.json["completed"]) for answer in answers)
    assert [completed for _, completed in states] == [True, False] * 250
    assert len({moment for moment, _ in states}) == len(states)


async def test_a_hundred_concurrent_users_get_no_error_and_only_their_own_tasks(
    service: Service, options: list[str], measured: Measured
) -> None:
    exchanges: list[Exchange] = []
    foreign: list[str] = []

    async def use(user: str) -> None:
        client = Client(service.port, token(user))
        tasks = f"/api/{user}/tasks"
        titles: dict[int, str] = {}

        async def send(method: str, path: str = "", content: object = None) -> Exchange:
            exchange = await client.send(method, tasks + path, content)
            exchanges.append(exchange)
            return exchange

        for number in range(5):
            title = f"{number} of {user}."
            task_id = (await send("POST", "", {"title": title})).json["id"]
            titles[task_id] = f"{title} edited"
            await send("PUT", f"/{task_id}", {"title": titles[task_id]})
            await send("PATCH", f"/{task_id}/complete")
            listed = (await send("GET", "?sort=title")).json
            if {task["id"]: task["title"] for task in listed} != titles:
                foreign.append(f"{user} was shown {listed}")
        client.close()

    await asyncio.gather(*map(use, USERS))
    failed = [exchange for exchange in exchanges if exchange.status not in {200, 201}]
    measured(
        "7",
        f"{len(USERS)} users create, edit, toggle and list at once, {how(options)}",
        "no error, no row of another user",
        f"{len(exchanges)} requests, {len(failed)} errors, {len(foreign)} wrong lists",
    )
    assert failed == []
    assert foreign == []


class Intruder:
    """A user who sends requests for their own tasks and for another user's."""

    def __init__(self, service: Service, name: str, seed: int) -> None:
        self.name = name
        self.other = self
        self.titles: dict[int, str] = {}
        """The tasks that this user must have at the end."""
        self.wrong: list[str] = []
        self._service = service
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._clients = [Client(service.port, token(name)) for _ in range(10)]
        self._numbers = iter(range(10**6))
        self._busy: set[int] = set()

    async def act(self, operations: int) -> None:
        """Send this many requests, on several connections at once."""
        share = operations // len(self._clients)
        await asyncio.gather(*(self._act(client, share) for client in self._clients))

    async def _act(self, client: Client, operations: int) -> None:
        for _ in range(operations):
            path_owner = self._random.choices([self, self.other], [4, 1])[0]
            task_owner = self._random.choices([self, self.other], [3, 1])[0]
            ids = [task for task in task_owner.titles if task not in self._busy]
            kind = self._random.choice(["list", "create", "get", "edit", "toggle", "delete"])
            if kind in {"list", "create"} or not ids:
                await self._collection(client, path_owner, creates=kind == "create" or not ids)
            else:
                await self._task(client, kind, path_owner, task_owner, self._random.choice(ids))
        client.close()

    async def _collection(self, client: Client, path_owner: "Intruder", *, creates: bool) -> None:
        path = f"/api/{path_owner.name}/tasks"
        if not creates:
            exchange = await client.send("GET", path)
            self._judge(exchange, 200 if path_owner is self else 403)
            return
        title = f"{next(self._numbers)} of {self.name}."
        exchange = await client.send("POST", path, {"title": title})
        allowed = self._judge(exchange, 201 if path_owner is self else 403)
        if allowed and path_owner is self:
            self.titles[exchange.json["id"]] = title

    async def _task(
        self, client: Client, kind: str, path_owner: "Intruder", owner: "Intruder", task_id: int
    ) -> None:
        mine = path_owner is self and owner is self
        if mine:
            self._busy.add(task_id)  # One after the other, so that the expected result is known.
        path = f"/api/{path_owner.name}/tasks/{task_id}"
        title = f"{next(self._numbers)} of {self.name}."
        if kind == "get":
            exchange = await client.send("GET", path)
        elif kind == "edit":
            exchange = await client.send("PUT", path, {"title": title})
        elif kind == "toggle":
            exchange = await client.send("PATCH", f"{path}/complete")
        else:
            exchange = await client.send("DELETE", path)
        success = 204 if kind == "delete" else 200
        allowed = self._judge(exchange, success if mine else 404 if path_owner is self else 403)
        if not mine:
            return
        if allowed and kind == "edit":
            self.titles[task_id] = title
        if allowed and kind == "delete":
            del self.titles[task_id]
        self._busy.remove(task_id)

    def _judge(self, exchange: Exchange, expected: int) -> bool:
        """Whether the request succeeded; an unexpected response is recorded."""
        if exchange.status != expected or self.other.name.encode() in exchange.body:
            self.wrong.append(f"{self.name} expected {expected}: {exchange}")
        return exchange.status is not None and exchange.status < 300


async def test_two_users_with_random_paths_and_ids_never_get_data_of_each_other(
    service: Service, options: list[str], database_url: str, measured: Measured
) -> None:
    operations = rounds(10_000, 2_000)
    ada, bob = Intruder(service, "user-0", 1), Intruder(service, "user-1", 2)
    ada.other, bob.other = bob, ada
    await asyncio.gather(ada.act(operations // 2), bob.act(operations // 2))
    wrong = ada.wrong + bob.wrong
    measured(
        "7",
        f"2 users, {operations} random operations, own and other paths and ids, {how(options)}",
        "0 leaks",
        f"{len(wrong)} leaks or wrong answers; {len(ada.titles) + len(bob.titles)} tasks left, "
        "each as its owner left it",
    )
    assert wrong == []
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT user_id, id, title FROM tasks").fetchall()
    assert {(user, task): title for user, task, title in rows} == {
        (user.name, task): title for user in (ada, bob) for task, title in user.titles.items()
    }
