"""When the tables are checked and prepared again, and what follows; on a clock of its own."""

import asyncio
import logging
from contextlib import suppress
from types import SimpleNamespace

import pytest

from adapters.postgres import watching
from adapters.postgres.errors import NotServable
from adapters.postgres.facts import Facts
from adapters.postgres.watching import LOOK_EVERY, PREPARE_EVERY, TablesWatch
from application.errors import SchemaConflict, StorageUnavailable

SERVED = Facts(
    tasks=1,
    hidden=False,
    definition="d",
    candidates="c",
    owner_kind="text",
    users="public.users",
    users_schema=None,
    users_name="users",
)
OTHER_USERS = SERVED._replace(candidates="others")


class Tables:
    """Tables whose state is set, and a count of each step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.found: Facts | Exception = SERVED
        self.preparing: Facts | Exception = SERVED
        self.looks = self.preparations = self.changes = 0
        self.watch = TablesWatch(look=self._look, prepare=self._prepare, changed=self._changed)
        self.watch.prepared(SERVED)

    async def _look(self) -> Facts:
        self.looks += 1
        return self._outcome(self.found)

    async def _prepare(self) -> Facts:
        self.preparations += 1
        return self._outcome(self.preparing)

    async def _changed(self) -> None:
        self.changes += 1

    @staticmethod
    def _outcome(state: Facts | Exception) -> Facts:
        if isinstance(state, Exception):
            raise state
        return state

    async def requests(self, number: int) -> None:
        for _ in range(number):
            with suppress(StorageUnavailable):
                self.watch.used()
            await self.steps_end()

    @staticmethod
    async def steps_end() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def become_unservable(self) -> None:
        self.found, self.preparing = SERVED._replace(definition="x"), NotServable("no")
        with pytest.raises(NotServable):
            await self.watch.look()


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tables:
    return Tables(monkeypatch)


@pytest.mark.parametrize("found", [SERVED, StorageUnavailable("gone")])
async def test_requests_check_the_tables_once_in_a_while(
    tables: Tables, found: Facts | Exception
) -> None:
    tables.found = found
    await tables.requests(3)
    assert tables.looks == 0
    for looks in (1, 2):
        tables.now += LOOK_EVERY
        await tables.requests(3)
        assert tables.looks == looks


async def test_the_check_of_a_health_check_counts(tables: Tables) -> None:
    tables.now += LOOK_EVERY
    await tables.watch.look()
    await tables.requests(1)
    assert tables.looks == 1


async def test_tables_that_cannot_be_served_are_prepared_once_in_a_while_and_logged_once(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    await tables.become_unservable()
    for preparations in (1, 2, 3):
        await tables.requests(3)
        assert tables.preparations == preparations
        tables.now += PREPARE_EVERY
    assert [entry.levelno for entry in caplog.records] == [logging.ERROR]


async def test_failed_statements_prepare_the_tables_once_in_a_while(tables: Tables) -> None:
    for preparations in (1, 2):
        for _ in range(3):
            tables.watch.failed()
            await tables.steps_end()
        assert tables.preparations == preparations
        tables.now += PREPARE_EVERY


async def test_connections_are_renewed_after_a_problem_even_if_the_tables_are_as_before(
    tables: Tables,
) -> None:
    await tables.become_unservable()
    tables.found = tables.preparing = SERVED
    tables.now += PREPARE_EVERY
    await tables.requests(1)
    assert tables.watch.facts == SERVED
    assert tables.changes == 1


async def test_connections_are_renewed_after_another_users_table_is_followed(
    tables: Tables,
) -> None:
    tables.found = tables.preparing = OTHER_USERS
    await tables.watch.look()
    assert tables.changes == 1


async def test_users_that_cannot_be_followed_are_tried_once(tables: Tables) -> None:
    tables.found, tables.preparing = OTHER_USERS, SchemaConflict("no")
    for _ in range(2):
        await tables.watch.look()
    assert tables.preparations == 1
    assert tables.watch.facts == SERVED
