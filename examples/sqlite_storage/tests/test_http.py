"""The HTTP suite on SQLite, as the container selects it: apply the changed line first."""

from pathlib import Path

import pytest
from dependency_injector.providers import Object

from entrypoints.container import Container
from entrypoints.settings import Settings
from examples.sqlite_storage import SqliteStorage
from examples.sqlite_storage.tests.conftest import add_users
from tests.clock import SettableClock
from tests.http.conftest import (
    ORIGIN,
    SECRET,
    USERS,
    anonymous,
    app,
    client,
    clock,
    create,
    ready,
    token,
)
from tests.http.test_bad_input import *
from tests.http.test_entity_tags import *
from tests.http.test_tasks import *


@pytest.fixture
async def container(
    clock: SettableClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Container:
    """A container without an overridden storage."""
    monkeypatch.chdir(tmp_path)
    container = Container(
        settings=Settings(_env_file=None, better_auth_secret=SECRET, cors_origins=(ORIGIN,))
    )
    container.clock.override(Object(clock))
    assert isinstance(container.tasks(), SqliteStorage), "the container does not choose SQLite yet"
    await container.storage().prepare()
    add_users("tasks.db", *USERS)
    return container
