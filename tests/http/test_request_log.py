"""The id and the log line of a request."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

from entrypoints.http.printable import printable

TASKS = "/api/ada/tasks"


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


async def test_a_request_writes_one_log_line(
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


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/v1/ada/tasks", "/api/v1/ada/tasks"),
        ("/nowhere?x=s3cr3t", "/nowhere"),
        ("/a%0d%0ab", "/a%0d%0ab"),
        ("/" + 118 * "x", "/" + 118 * "x"),
        ("/" + 120 * "x", "/" + 116 * "x" + "..."),
        # Matched by a route, and refused by it all the same.
        (f"{TASKS}/1%2F", f"{TASKS}/1%2F"),
    ],
)
async def test_the_line_of_an_unmatched_path_shows_it(
    anonymous: AsyncClient, caplog: pytest.LogCaptureFixture, path: str, shown: str
) -> None:
    caplog.set_level(logging.INFO, "entrypoints")
    assert (await anonymous.get(path)).status_code == 404
    [line] = [record for record in caplog.records if record.name == "entrypoints.http.request_log"]
    assert line.getMessage() == f"GET {shown} 404"
    assert vars(line)["path"] == shown
    assert vars(line)["route"] == "-"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"/a b", "/a%20b"),
        (b"/\x00\x1b[31m\xff", "/%00%1B[31m%FF"),
        ("/é\n", "/%E9%0A"),
        (b"/" + 60 * b"\xff", "/" + "%FF" * 38 + "%F" + "..."),
        ("\u2028", "?"),
    ],
)
def test_what_a_client_sent_is_shown_in_printable_ascii(sent: str | bytes, shown: str) -> None:
    assert printable(sent) == shown
    assert len(shown) <= 120
