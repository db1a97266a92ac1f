"""The health checks."""

import asyncio

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.types import ASGIApp, Receive, Scope, Send

from application.errors import StorageUnavailable
from entrypoints.container import Container


def called(app: ASGIApp) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://api")


async def test_a_process_that_responds_is_live(anonymous: AsyncClient) -> None:
    response = await anonymous.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_replica_is_ready_once_its_storage_has_been_prepared(
    app: FastAPI, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    reachable = asyncio.Event()

    async def prepare(*, within: float | None = None) -> None:
        await reachable.wait()

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    monkeypatch.setattr("entrypoints.http.app._PREPARE_FIRST_SECONDS", 0)
    async with app.router.lifespan_context(app), called(app) as client:
        assert (await client.get("/health/ready")).status_code == 503
        reachable.set()
        await asyncio.sleep(0)
        assert (await client.get("/health/ready")).status_code == 200


async def test_an_outage_of_the_database_leaves_the_replicas_ready(
    app: FastAPI,
    container: Container,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with app.router.lifespan_context(app), called(app) as client:
        assert (await client.get("/health/database")).status_code == 200

        async def unavailable() -> None:
            raise StorageUnavailable("the reason")

        monkeypatch.setattr(container.storage(), "check", unavailable)
        assert (await client.get("/health/database")).status_code == 503
        assert [record.getMessage() for record in caplog.records] == [
            "the database cannot serve tasks: the reason"
        ]
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/health/live")).status_code == 200


async def test_a_stopping_replica_is_not_ready(app: FastAPI) -> None:
    async def stopping(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"stopping": True}}, receive, send)

    async with app.router.lifespan_context(app), called(stopping) as client:
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


async def test_concurrent_checks_of_the_database_share_one(
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
        answers = await asyncio.gather(*[anonymous.get("/health/database") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {status}
        assert looks.pop() is outcome
        assert not looks
