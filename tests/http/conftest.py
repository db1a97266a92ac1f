"""The application, called over ASGI: on memory storage, or on the given database."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector.providers import Object
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from adapters.memory.task_repository import MemoryTaskRepository
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings, StorageKind
from tests.clock import SettableClock
from tests.conformance.given import GIVEN
from tests.contract.conftest import add_users
from tests.http.documented import Documented

SECRET = "a secret that has thirty-two bytes or more"
ORIGIN = "https://app.example.com"
ODD_USERS = ("a%2Fb", "é\u0301", "a b?c#d", "%", "\U0001f600", "x" * 255, "a;b=c,d", "ADA")
USERS = ("ada", "bob", *ODD_USERS)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str | None:
    """The URL of the given database with USERS, or None for a storage in memory."""
    if GIVEN not in request.config.stash:
        return None
    url: str = request.getfixturevalue("database_url")
    add_users(url, *USERS)
    return url


@pytest.fixture
def container(clock: SettableClock, url: str | None) -> Container:
    """A container of this test's own, whose storage has exactly USERS."""
    container = Container(
        settings=Settings(
            _env_file=None,
            storage=StorageKind.MEMORY if url is None else StorageKind.POSTGRES,
            neon_db_url=url,
            better_auth_secret=SECRET,
            cors_origins=(ORIGIN,),
        )
    )
    container.clock.override(Object(clock))
    if url is None:
        container.tasks.override(Object(MemoryTaskRepository(users=USERS)))
    return container


@pytest.fixture
def app(container: Container) -> FastAPI:
    return create_app(container)


@pytest.fixture
async def ready(container: Container) -> AsyncIterator[None]:
    """The container's storage can serve."""
    await container.storage().prepare()
    yield
    await container.storage().close()


@pytest.fixture
async def anonymous(app: FastAPI, ready: None) -> AsyncIterator[AsyncClient]:
    """A client without a token. Every response is checked against the OpenAPI document."""
    documented = Documented(app.openapi())

    async def check(response: Response) -> None:
        await response.aread()
        documented.check(response)

    async with AsyncClient(
        transport=ASGITransport(app),
        base_url="http://api",
        event_hooks={"response": [check]},
    ) as client:
        yield client


@pytest.fixture
def token(container: Container) -> Callable[..., str]:
    """Mints a token for a user."""

    def mint(subject: str = "ada", lifetime: timedelta = timedelta(minutes=15)) -> str:
        minted: str = container.mint_token(subject=subject, lifetime=lifetime)
        return minted

    return mint


@pytest.fixture
def client(anonymous: AsyncClient, token: Callable[..., str]) -> AsyncClient:
    """A client with a token of ada's."""
    anonymous.headers["Authorization"] = f"Bearer {token()}"
    return anonymous


@pytest.fixture
def create(client: AsyncClient) -> Callable[..., Any]:
    """Creates a task of ada's and returns it as the API does."""

    async def create(title: str = "Buy milk", description: str | None = None) -> Any:
        body = {"title": title, "description": description}
        response = await client.post("/api/ada/tasks", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    return create
