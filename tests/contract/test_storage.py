"""What the port Storage promises, asked of every adapter."""

import pytest

from adapters.memory.storage import MemoryStorage
from adapters.postgres.database import Database
from application.ports.storage import Storage


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def storage(request: pytest.FixtureRequest) -> Storage:
    """A storage that nobody has prepared yet."""
    if request.param == "memory":
        return MemoryStorage()
    return Database(url=request.getfixturevalue("empty_database_url"), users_table="users")


async def test_a_prepared_storage_can_serve(storage: Storage) -> None:
    await storage.prepare()
    await storage.check()
    await storage.close()


async def test_preparing_can_be_repeated(storage: Storage) -> None:
    for _ in range(3):
        await storage.prepare()
    await storage.check()
    await storage.close()
