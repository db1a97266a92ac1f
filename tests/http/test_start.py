"""How an application starts."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from dependency_injector.providers import Object
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from application.errors import KeysUnavailable, StorageUnavailable
from entrypoints.container import Container
from entrypoints.http import app as app_module
from entrypoints.http.app import create_app

TASKS = "/api/ada/tasks"


async def test_a_preparation_that_fails_unexpectedly_is_logged_and_retried(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_SECONDS", 0.01)
    outcomes: list[Exception | None] = [ZeroDivisionError("the cause"), StorageUnavailable(), None]

    async def prepare(**_: Any) -> None:
        if outcome := outcomes.pop(0):
            raise outcome

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    app = create_app(container)
    with caplog.at_level(logging.INFO):
        async with app.router.lifespan_context(app):
            pass
    assert not outcomes
    assert "the cause" in caplog.text
    assert "the storage is ready" in caplog.text


async def test_the_pause_before_a_retry_doubles_up_to_a_limit(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert (app_module._PREPARE_AGAIN_SECONDS, app_module._PREPARE_AGAIN_MOST_SECONDS) == (1, 15)
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_MOST_SECONDS", 0.05)
    attempts = count(1)

    async def prepare(**_: Any) -> None:
        if next(attempts) <= 5:
            raise ZeroDivisionError

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    app = create_app(container)
    async with app.router.lifespan_context(app):
        pass
    pauses = [record.args for record in caplog.records if record.levelno == logging.ERROR]
    assert [args[0] for args in pauses if isinstance(args, tuple)] == [0.01, 0.02, 0.04, 0.05, 0.05]


async def test_a_reason_for_not_being_ready_is_logged_once_until_it_changes(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_module, "_PREPARE_AGAIN_SECONDS", 0.01)
    reasons = ["one", "one", "one", "other", "other", "one"]

    async def prepare(**_: Any) -> None:
        if reasons:
            raise StorageUnavailable(f"NEON_DB_URL: {reasons.pop(0)}")

    monkeypatch.setattr(container.storage(), "prepare", prepare)
    app = create_app(container)
    async with app.router.lifespan_context(app):
        pass
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert logged == [
        f"not ready, and trying again until it works: NEON_DB_URL: {reason} "
        "(`tasks-api doctor` says more)"
        for reason in ("one", "other", "one")
    ]


async def test_two_applications_in_one_process_are_independent(
    app: FastAPI, container: Container, client: AsyncClient, create: Callable[..., Any]
) -> None:
    await create()
    other = Container(settings=container.settings())
    async with AsyncClient(
        transport=ASGITransport(create_app(other)), base_url="http://api", headers=client.headers
    ) as second:
        assert (await second.get(TASKS)).json() == []
        assert len((await client.get(TASKS)).json()) == 1
    assert app.state.container is container


class Verifier:
    """Accepts no token. Its keys come once the test releases them, or not at all."""

    requirements = "tokens need a key"

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.released = asyncio.Event()

    async def keys(self) -> dict[str | None, str]:
        self.asked.set()
        await self.released.wait()
        raise KeysUnavailable("the server answers 404")


async def test_a_start_logs_which_tokens_it_accepts_and_does_not_wait_for_their_keys(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    verifier = Verifier()
    container.token_verifier.override(Object(verifier))
    app = create_app(container)
    async with app.router.lifespan_context(app):
        assert "tokens need a key" in caplog.messages
        await asyncio.wait_for(verifier.asked.wait(), 2)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://api") as client:
            assert (await client.get("/health/live")).status_code == 200


async def test_keys_that_cannot_be_fetched_do_not_end_the_service(container: Container) -> None:
    verifier = Verifier()
    verifier.released.set()
    container.token_verifier.override(Object(verifier))
    app = create_app(container)
    async with app.router.lifespan_context(app):
        await asyncio.wait_for(verifier.asked.wait(), 2)
        await asyncio.sleep(0)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://api") as client:
            assert (await client.get("/health/live")).status_code == 200
