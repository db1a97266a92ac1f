"""The requests with which every service is measured."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, cycle, islice, repeat
from typing import Any, Final

import httpx

from bench.load.tokens import Signing, token
from bench.load.users import LARGE_USERS, SMALL, SMALL_USERS, WRITERS, User


class NotOffered(Exception):
    """The service does not offer what the workload requires."""


@dataclass(frozen=True)
class Place:
    """One connection among those of a run."""

    port: int
    number: int
    connections: int
    signing: Signing = Signing.HS256

    def one_of(self, users: list[User]) -> User:
        """Return the user that belongs to this connection."""
        return users[self.number % len(users)]

    def share_of(self, users: list[User]) -> list[User]:
        """Return this connection's part of the users; every user is in one part."""
        return users[self.number :: self.connections]

    def request(self, method: str, path: str, user: User, body: Any = None) -> bytes:
        """Return the bytes of a request, without the other headers of a browser."""
        bearer = f"Bearer {token(user.id, self.signing)}"
        headers = {"Host": "127.0.0.1", "Authorization": bearer}
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + content


Requests = Iterator[bytes]

_PAGES: Final = 50


@dataclass(frozen=True)
class Workload:
    """Requests of one kind. ``requests`` makes those of one connection."""

    name: str
    requests: Callable[[Place], Requests]
    connections: int = len(SMALL_USERS)
    """Most connections with which it is measured."""
    status: int | None = None
    """The expected status; None accepts every 2xx."""
    writes: bool = False
    """Whether it changes tasks."""
    deletes: bool = False
    """Whether it needs tasks that it may delete."""


def list_of(user: User) -> Callable[[Place], Requests]:
    """Request one user's list repeatedly."""
    return lambda place: repeat(place.request("GET", user.path, user))


def pages_of(user: User, limit: int) -> Callable[[Place], Requests]:
    """Request the first _PAGES pages of one user's list by title, repeatedly."""

    def requests(place: Place) -> Requests:
        pages: list[bytes] = []
        path = f"{user.path}?sort=title&limit={limit}"
        while path and len(pages) < _PAGES:
            pages.append(place.request("GET", path, user))
            links = _answer(place, pages[-1], {}).links
            path = links.get("next", {}).get("url", "")
        if len(pages) == 1 and len(user.task_ids) > limit:
            raise NotOffered("no Link")
        return cycle(pages)

    return requests


def _page_large(place: Place) -> Requests:
    return pages_of(place.one_of(LARGE_USERS), SMALL)(place)


def _list_small(place: Place) -> Requests:
    user = place.one_of(SMALL_USERS)
    return repeat(place.request("GET", user.path, user))


def _list_large(place: Place) -> Requests:
    user = place.one_of(LARGE_USERS)
    return repeat(place.request("GET", user.path, user))


def _get(place: Place) -> Requests:
    user = place.one_of(SMALL_USERS)
    return cycle([place.request("GET", f"{user.path}/{task}", user) for task in user.task_ids])


def _create(place: Place) -> Requests:
    user = place.one_of(WRITERS)
    body = {"title": "Buy milk", "description": "Two litres, semi-skimmed"}
    return repeat(place.request("POST", user.path, user, body))


def _edit(place: Place) -> Requests:
    user = place.one_of(SMALL_USERS)
    bodies = [{"title": f"Buy {what} milk", "description": "Two litres"} for what in ("oat", "soy")]
    return cycle(
        [
            place.request("PUT", f"{user.path}/{task}", user, body)
            for body in bodies
            for task in user.task_ids
        ]
    )


def _toggle(place: Place) -> Requests:
    user = place.one_of(SMALL_USERS)
    return cycle(
        [place.request("PATCH", f"{user.path}/{task}/complete", user) for task in user.task_ids]
    )


def _delete(place: Place) -> Requests:
    for user in place.share_of(WRITERS):
        for task in user.task_ids:
            yield place.request("DELETE", f"{user.path}/{task}", user)


MIX: Final = {"list20": 10, "get": 4, "toggle": 2, "edit": 2, "create": 1, "delete": 1}
"""Number of requests of each kind among 20 of the mix."""


def _mix(place: Place) -> Requests:
    streams = {name: WORKLOADS[name].requests(place) for name in MIX}
    left = list(chain.from_iterable(repeat(name, count) for name, count in MIX.items()))
    # Shuffled the same way for every service: 7 and 20 have no common divisor.
    order = [left[7 * position % len(left)] for position in range(len(left))]
    # Each connection starts at a different position of the order.
    for name in islice(cycle(order), place.number, None):
        following = next(streams[name], None)
        if following is None:
            return
        yield following


def _unchanged(listing: Callable[[Place], Requests]) -> Callable[[Place], Requests]:
    """Send the first request again with the tag of its response."""

    def requests(place: Place) -> Requests:
        asked = next(listing(place))
        tag = _answer(place, asked, {"Accept-Encoding": "identity"}).headers.get("ETag")
        if tag is None:
            raise NotOffered("no ETag")
        return repeat(_with_header(asked, "If-None-Match", tag))

    return requests


def _compressed(listing: Callable[[Place], Requests]) -> Callable[[Place], Requests]:
    def requests(place: Place) -> Requests:
        asked = next(listing(place))
        answer = _answer(place, asked, {"Accept-Encoding": "gzip"})
        if answer.headers.get("Content-Encoding") != "gzip":
            raise NotOffered("no gzip")
        return repeat(_with_header(asked, "Accept-Encoding", "gzip"))

    return requests


def _answer(place: Place, asked: bytes, headers: Mapping[str, str]) -> httpx.Response:
    line, *lines = asked.decode().split("\r\n\r\n")[0].split("\r\n")
    method, path, _ = line.split(" ")
    own = dict(header.split(": ", 1) for header in lines)
    return httpx.request(method, f"http://127.0.0.1:{place.port}{path}", headers={**own, **headers})


def _with_header(asked: bytes, name: str, value: str) -> bytes:
    line, rest = asked.split(b"\r\n", 1)
    return b"\r\n".join([line, f"{name}: {value}".encode(), rest])


_ALL: Final = [
    Workload("list20", _list_small),
    Workload("list1000", _list_large, connections=len(LARGE_USERS)),
    Workload("page20", _page_large, connections=len(LARGE_USERS)),
    Workload("get", _get),
    Workload("create", _create, writes=True),
    Workload("edit", _edit, writes=True),
    Workload("toggle", _toggle, writes=True),
    Workload("delete", _delete, writes=True, deletes=True),
    Workload("mix", _mix, writes=True, deletes=True),
    Workload("list20-304", _unchanged(_list_small), status=304),
    Workload("list1000-304", _unchanged(_list_large), connections=len(LARGE_USERS), status=304),
    Workload("get-304", _unchanged(_get), status=304),
    Workload("list1000-gzip", _compressed(_list_large), connections=len(LARGE_USERS)),
]
WORKLOADS: Final = {workload.name: workload for workload in _ALL}
