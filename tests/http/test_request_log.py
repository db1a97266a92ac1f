"""The id and the log line of a request."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from httpx import AsyncClient

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
