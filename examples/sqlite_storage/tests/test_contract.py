"""The contract suite of tests/contract/ on SQLite: its tests with the fixtures of this folder."""

from typing import Final

import pytest

from application.ports.storage import Storage
from application.ports.task_repository import TaskRepository
from examples.sqlite_storage import SqliteStorage
from tests.contract.test_storage import *
from tests.contract.test_task_repository import *

_PORTS: Final[tuple[type[Storage], type[TaskRepository]]] = (SqliteStorage, SqliteStorage)


@pytest.fixture
def tasks(prepared: SqliteStorage) -> TaskRepository:
    """An empty repository whose users are USERS."""
    return prepared
