"""Small requests that could be costly: every parser of a client's bytes, at its limit.

The work is counted in calls of functions, in Python and in C. One takes about a tenth of a
microsecond, so that the most that is allowed here stays well below 5 ms.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI

from entrypoints.http.compression import accepts_gzip
from entrypoints.http.entity_tags import versions
from tests.http.conftest import ORIGIN

TASKS = "/api/ada/tasks"
CALLS_MAX = 25_000
TARGET_MAX = 8 * 1024
HEAD_MAX = 60 * 1024
BODY_MAX = 64 * 1024


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    calls: Counter[str] = Counter()

    def count(_frame: Any, event: str, _argument: Any) -> None:
        calls[event] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def filled(piece: str, length: int, *, before: str = "", after: str = "") -> str:
    return before + piece * ((length - len(before) - len(after)) // len(piece)) + after


QUERIES = {
    "escaped names": filled("%41=%41&", TARGET_MAX),
    "escaped values": filled("a=%41&", TARGET_MAX),
    "a value of escapes": "sort=" + filled("%41", TARGET_MAX),
    "a name of escapes": filled("%41", TARGET_MAX),
    "a known name again and again": filled("sort=%74itle&", TARGET_MAX),
    "a known name, escaped, again and again": filled("%73ort=x&", TARGET_MAX),
    "plus signs": "sort=" + filled("+", TARGET_MAX),
    "ampersands": filled("&", TARGET_MAX),
    "equals signs": filled("=", TARGET_MAX),
    "one-letter names": filled("a&", TARGET_MAX),
}

HEADERS = {
    "empty tags in If-Match": {"If-Match": filled('"",', HEAD_MAX)},
    "tags of ours in If-Match": {"If-Match": filled('"2026-11-21T12:00:00.000000Z",', HEAD_MAX)},
    "impossible times": {"If-Match": filled('"9999-99-99T99:99:99.999999Z",', HEAD_MAX)},
    "quotes in If-Match": {"If-Match": filled('"', HEAD_MAX)},
    "white space in If-Match": {"If-Match": filled(" ", HEAD_MAX, before='"', after='"')},
    "empty tags in If-None-Match": {"If-None-Match": filled('"",', HEAD_MAX)},
    "weak tags in If-None-Match": {"If-None-Match": filled('W/"x",', HEAD_MAX)},
    "commas in Accept-Encoding": {"Accept-Encoding": filled(",", HEAD_MAX)},
    "codings": {"Accept-Encoding": filled("br;q=0,", HEAD_MAX)},
    "weights": {"Accept-Encoding": filled("0", HEAD_MAX, before="gzip;q=0.")},
    "an Authorization of spaces": {"Authorization": filled(" ", HEAD_MAX, before="Bearer")},
    "a token of dots": {"Authorization": filled(".", TARGET_MAX, before="Bearer ")},
    "a long origin": {"Origin": filled("a.", HEAD_MAX, before="https://")},
    "a long request id": {"X-Request-ID": filled("\u00e9", HEAD_MAX)},
    "a long Content-Type": {"Content-Type": filled(" ;", HEAD_MAX)},
    "a long Content-Length": {"Content-Length": filled("9", HEAD_MAX)},
}

BODIES = {
    "numbers": filled("0,", BODY_MAX, before='{"title":[', after="0]}"),
    "numbers, and one that is too long": filled(
        "0,", BODY_MAX, before='{"title":[' + "1" * 5000 + ",", after="0]}"
    ),
    "long numbers": filled("1" * 4300 + ",", BODY_MAX, before='{"title":[', after="0]}"),
    "fractions": filled("1e9,", BODY_MAX, before='{"title":[', after="0]}"),
    "empty lists": filled("[],", BODY_MAX, before='{"title":[', after="0]}"),
    "empty objects": filled("{},", BODY_MAX, before='{"title":[', after="0]}"),
    "depth": filled("[", BODY_MAX),
    "deep objects": filled('{"a":', BODY_MAX),
    "equal names": filled('"a":0,', BODY_MAX, before="{", after='"a":0}'),
    "names": "{" + ",".join(f'"{number}":0' for number in range(7000)) + "}",
    "escapes": filled("\\u0041", BODY_MAX, before='{"title":"', after='"}'),
    "surrogates": filled("\\ud800", BODY_MAX, before='{"title":"', after='"}'),
    "white space": filled(" ", BODY_MAX),
}


Ask = Callable[..., Any]


@pytest.fixture
def ask(app: FastAPI, token: Callable[..., str]) -> Ask:
    """Sends a request as a server would, checks its cost, and returns its status."""

    async def ask(
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> int:
        path, _, query = target.partition("?")
        sent = {"Authorization": f"Bearer {token()}", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), sent[name].encode("latin-1")) for name in sent],
        }
        statuses: list[int] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await app(scope | {"path": "/", "raw_path": b"/"}, receive, send)
        with counted_calls() as calls:
            await app(scope, receive, send)
        assert calls["call"] + calls["c_call"] < CALLS_MAX
        return statuses[-1]

    return ask


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_a_query_costs_little(ask: Ask, query: str) -> None:
    assert await ask("GET", f"{TASKS}?{query}") in {200, 422}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
async def test_a_header_costs_little(
    ask: Ask, create: Callable[..., Any], headers: dict[str, str]
) -> None:
    await create()
    assert await ask("GET", TASKS, headers) in {200, 401}
    assert await ask("GET", f"{TASKS}/1", headers) in {200, 401}
    body = b'{"title": "Other"}'
    assert await ask("PUT", f"{TASKS}/1", headers, body) in {401, 412, 413, 415}


@pytest.mark.parametrize("wanted", ["authorization,", "x,", ",", " ,", "if-match, "], ids=repr)
async def test_a_preflight_costs_little(ask: Ask, wanted: str) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": filled(wanted, HEAD_MAX),
    }
    assert await ask("OPTIONS", TASKS, headers) == 400


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_costs_little(ask: Ask, body: str) -> None:
    assert len(body) <= BODY_MAX
    headers = {"Content-Type": "application/json"}
    assert await ask("POST", TASKS, headers, body.encode()) in {400, 422}


@pytest.mark.parametrize("piece", ["%41", "%e2%82%ac", "%ff", "a/", "%00", "%0a"])
async def test_a_path_costs_little(ask: Ask, piece: str) -> None:
    filling = filled(piece, TARGET_MAX)
    assert await ask("GET", f"/api/{filling}/tasks") in {403, 404}
    assert await ask("GET", f"{TASKS}/{filling}") == 404


def test_tags_that_are_none_of_ours_are_not_parsed() -> None:
    with counted_calls() as calls:
        assert versions(filled('"",', HEAD_MAX)) == set()
    assert sum(calls.values()) < 100


def test_a_long_accept_encoding_is_not_read() -> None:
    assert accepts_gzip(filled("br,", 1024, after="gzip"))
    assert not accepts_gzip(filled(",", 1025, after="gzip"))
