"""The health checks."""

import asyncio

import pytest
from httpx import AsyncClient

from application.errors import StorageUnavailable
from entrypoints.container import Container

TASKS = "/api/ada/tasks"


async def test_a_process_that_responds_is_live(anonymous: AsyncClient) -> None:
    response = await anonymous.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_readiness_follows_the_storage(
    container: Container, anonymous: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await anonymous.get("/health/ready")).status_code == 200

    async def unavailable() -> None:
        raise StorageUnavailable

    monkeypatch.setattr(container.storage(), "check", unavailable)
    assert (await anonymous.get("/health/ready")).status_code == 503
    assert (await anonymous.get("/health/live")).status_code == 200


async def test_concurrent_readiness_checks_share_one_check_of_the_storage(
    container: Container, anonymous: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[StorageUnavailable | None] = []

    async def look() -> None:
        looks.append(outcome)
        await asyncio.sleep(0.05)
        if outcome is not None:
            raise outcome

    monkeypatch.setattr(container.storage(), "check", look)
    for outcome, status in ((None, 200), (StorageUnavailable(), 503)):
        answers = await asyncio.gather(*[anonymous.get("/health/ready") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {status}
        assert looks.pop() is outcome
        assert not looks
