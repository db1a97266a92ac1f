"""The rules that a measured service must follow: the contract without its corner cases."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt

from bench.load.tokens import Signing, signed, token
from bench.load.users import LARGE, LARGE_USERS, SMALL_USERS, WRITERS, User

_FIELDS: Final[dict[str, type | tuple[type, ...]]] = {
    "id": int,
    "user_id": str,
    "title": str,
    "description": (str, type(None)),
    "completed": bool,
    "created_at": str,
    "updated_at": str,
}


class ContractBroken(Exception):
    """A service breaks a rule. The message names the request and the response."""


class _Client:
    """Sends requests to the service at ``url``, with tokens that are signed by ``signing``."""

    def __init__(self, url: str, signing: Signing) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self.signing = signing

    def ask(self, user: User, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(user.id, self.signing)}"}
        return self.http.request(method, path, headers=headers, json=body)


def check(url: str, signing: Signing) -> None:
    """Raise ContractBroken unless the service at ``url`` follows every rule. Changes tasks."""
    client = _Client(url, signing)
    with client.http:
        for rule in (_tokens, _ownership, _life_of_a_task, _input, _listing):
            with _named(rule):
                rule(client)


@contextmanager
def _named(rule: Callable[[_Client], None]) -> Iterator[None]:
    try:
        yield
    except (AssertionError, KeyError, TypeError, ValueError, httpx.HTTPError) as error:
        name = rule.__name__.strip("_").replace("_", " ")
        raise ContractBroken(f"{name}: {str(error) or type(error).__name__}") from error


def _tokens(client: _Client) -> None:
    user = SMALL_USERS[0]
    now = datetime.now(UTC)
    valid = {"sub": user.id, "exp": now + timedelta(hours=1)}
    wrong = {
        "none": None,
        "not a token": "abc",
        "another key": signed(valid, client.signing, by_issuer=False),
        "expired": signed({**valid, "exp": now - timedelta(hours=1)}, client.signing),
        "no exp": signed({"sub": user.id}, client.signing),
        "no sub": signed({"exp": valid["exp"]}, client.signing),
        "unsigned": jwt.encode(valid, "", algorithm="none"),
    }
    for name, each in wrong.items():
        headers = {} if each is None else {"Authorization": f"Bearer {each}"}
        answer = client.http.get(user.path, headers=headers)
        _expect(answer, 401, name)
        assert answer.headers.get("WWW-Authenticate") == "Bearer", name


def _ownership(client: _Client) -> None:
    user, other = SMALL_USERS[:2]
    foreign = other.task_ids[0]
    _expect(client.ask(user, "GET", other.path), 403, "another's list")
    _expect(client.ask(user, "GET", f"{other.path}/{foreign}"), 403, "another's task")
    for method, path, body in (
        ("GET", f"{user.path}/{foreign}", None),
        ("PUT", f"{user.path}/{foreign}", {"title": "Mine"}),
        ("PATCH", f"{user.path}/{foreign}/complete", None),
        ("DELETE", f"{user.path}/{foreign}", None),
        ("GET", f"{user.path}/abc", None),
    ):
        _expect(client.ask(user, method, path, body), 404, f"{method} of another's task")
    _expect(client.ask(other, "GET", f"{other.path}/{foreign}"), 200, "it is still there")


def _life_of_a_task(client: _Client) -> None:
    user = WRITERS[0]
    answer = client.ask(user, "POST", user.path, {"title": " Buy milk ", "completed": True})
    _expect(answer, 201, "create")
    task = _task(answer.json())
    created = {"user_id": user.id, "title": "Buy milk", "description": None, "completed": False}
    assert created.items() <= task.items(), task
    path = f"{user.path}/{task['id']}"
    assert answer.headers.get("Location") == path, "Location"
    answer = client.ask(user, "GET", path)
    _expect(answer, 200, "get")
    assert answer.json() == task, "the created task is returned"

    answer = client.ask(user, "PUT", path, {"title": "Buy oat milk", "description": "Two"})
    _expect(answer, 200, "edit")
    edited = _task(answer.json())
    assert (edited["title"], edited["description"]) == ("Buy oat milk", "Two"), edited
    assert edited["created_at"] == task["created_at"], "created_at stays"
    assert edited["updated_at"] > task["updated_at"], "updated_at grows"
    answer = client.ask(user, "PUT", path, {"title": "Buy soy milk"})
    assert _task(answer.json())["description"] == "Two", "an omitted field stays"
    answer = client.ask(user, "PUT", path, {"description": None})
    assert _task(answer.json())["description"] is None, "null clears"

    for completed in (True, False):
        answer = client.ask(user, "PATCH", f"{path}/complete")
        _expect(answer, 200, "toggle")
        assert _task(answer.json())["completed"] is completed, "toggled"
    toggled = answer.json()
    assert client.ask(user, "GET", path).json() == toggled, "the response is what is stored"

    answer = client.ask(user, "DELETE", path)
    _expect(answer, 204, "delete")
    assert not answer.content, "a 204 has no body"
    _expect(client.ask(user, "GET", path), 404, "deleted")
    _expect(client.ask(user, "DELETE", path), 404, "deleted twice")


def _input(client: _Client) -> None:
    user = WRITERS[0]
    for body in (
        {},
        {"title": " "},
        {"title": "x" * 201},
        {"title": 1},
        {"title": "x", "description": "x" * 1001},
    ):
        answer = client.ask(user, "POST", user.path, body)
        _expect(answer, 422, f"create {str(body)[:30]}")
    _expect(client.ask(user, "GET", f"{user.path}?sort=random"), 422, "unknown order")


def _listing(client: _Client) -> None:
    user = WRITERS[1]
    for title in ("banana", "Cherry", "apple"):
        answer = client.ask(user, "POST", user.path, {"title": title})
    client.ask(user, "PATCH", f"{user.path}/{answer.json()['id']}/complete")

    def titles(query: str) -> list[str]:
        answer = client.ask(user, "GET", f"{user.path}{query}")
        _expect(answer, 200, f"list {query}")
        return [_task(task)["title"] for task in answer.json()]

    for query, expected in {
        "": ["banana", "Cherry", "apple"],
        "?status=all&sort=created": ["banana", "Cherry", "apple"],
        "?sort=title": ["apple", "banana", "Cherry"],
        "?status=pending": ["banana", "Cherry"],
        "?status=completed&sort=title": ["apple"],
    }.items():
        assert titles(query) == expected, f"list {query}"

    large = LARGE_USERS[0]
    listed = client.ask(large, "GET", large.path).json()
    assert len(listed) == LARGE, f"{len(listed)} tasks instead of {LARGE}"
    assert [task["id"] for task in listed] == list(large.task_ids), "oldest first"


def _expect(answer: httpx.Response, status: int, what: str) -> None:
    assert answer.status_code == status, f"{what}: {answer.status_code} instead of {status}"
    if answer.is_error:
        error = answer.json()
        assert error["status_code"] == status, f"{what}: {error}"
        assert isinstance(error["detail"], str), f"{what}: {error}"


def _task(value: dict[str, Any]) -> dict[str, Any]:
    assert value.keys() == _FIELDS.keys(), f"the fields are {sorted(value)}"
    for name, kind in _FIELDS.items():
        assert isinstance(value[name], kind), f"{name} is {value[name]!r}"
    for name in ("created_at", "updated_at"):
        assert value[name].endswith("Z"), f"{name} is {value[name]!r}"
        datetime.fromisoformat(value[name])
    return value
