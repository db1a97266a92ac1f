"""Every adapter keeps the contract of the port StorageInspection."""

import pytest

from adapters.memory.inspection import MemoryInspection
from adapters.postgres.database import Database
from adapters.postgres.inspection import PostgresInspection
from application.check import State
from application.ports.storage_inspection import StorageInspection
from tests.contract.conftest import USERS


@pytest.fixture
def inspection(url: str | None) -> StorageInspection:
    """The inspection of a storage that can serve USERS."""
    if url is None:
        return MemoryInspection()
    return PostgresInspection(database=Database(url=url), migrate_on_start=True)


async def test_a_storage_that_can_serve_has_no_failure(inspection: StorageInspection) -> None:
    checks = await inspection.checks()
    assert checks
    assert all(check.state is not State.FAILURE for check in checks), checks


@pytest.mark.parametrize("user", USERS)
async def test_a_user_who_can_own_tasks_is_found(inspection: StorageInspection, user: str) -> None:
    assert (await inspection.check_user(user)).state is State.OK


async def test_what_has_to_be_looked_at_comes_with_what_to_do(
    inspection: StorageInspection,
) -> None:
    for check in await inspection.checks():
        assert (check.state is State.OK) == (check.remedy == "")
