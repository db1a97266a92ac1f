"""Telemetry of an operation that is too late names the deadline, not a cancellation."""

import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from adapters.postgres import session as session_module
from adapters.postgres.database import Database
from adapters.postgres.pool import POOL_SIZE
from adapters.postgres.statements import Statement
from application.errors import StorageUnavailable
from entrypoints.telemetry.failures import FailureTelemetry
from tests.telemetry.test_measurements import Measured

pytestmark = pytest.mark.postgres

SECONDS = 0.3
SLEEP = Statement(b"SELECT pg_sleep(5)")


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql://tasks@127.0.0.1:{server.getsockname()[1]}/tasks"


def failed_like(measured: Measured, error: StorageUnavailable) -> dict[str, object]:
    """The attributes of the only 500, which ``error`` causes."""
    FailureTelemetry(measured.meter, measured.database).request_failed(error, 500)
    [attributes] = measured.attributes("tasks_api.request.faults")
    return attributes


@pytest.mark.parametrize("run", ["run", "run_long"])
async def test_in_a_statement(database_url: str, monkeypatch: pytest.MonkeyPatch, run: str) -> None:
    measured = Measured()
    database = Database(url=database_url, users_table="users", observer=measured.database)
    await database.prepare()
    monkeypatch.setattr(session_module, "ANSWER_WITHIN", SECONDS)
    with pytest.raises(StorageUnavailable) as caught:
        async with database.session("ada") as session:
            await getattr(session, run)(SLEEP, {})
    [attributes] = measured.attributes("db.client.operation.duration")
    span = measured.spans["SELECT"].attributes
    assert span is not None
    assert attributes["error.type"] == span["error.type"] == "DeadlineExceeded"
    assert failed_like(measured, caught.value)["cause"] == "DeadlineExceeded"
    await database.close()


async def test_while_a_connection_is_opened(
    database_url: str, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    measured = Measured()
    database = Database(url=database_url, users_table="users", observer=measured.database)
    await database.prepare()
    monkeypatch.setattr(session_module, "ANSWER_WITHIN", SECONDS)
    database._dsn._use(silent)
    with pytest.raises(StorageUnavailable) as caught:
        await database.session("ada").__aenter__()
    for metric in ("db.client.connection.create_time", "db.client.connection.wait_time"):
        [attributes] = measured.attributes(metric)
        assert attributes["error.type"] == "TimeoutError"
    span = measured.spans["connect"].attributes
    assert span is not None
    assert span["error.type"] == "TimeoutError"
    assert failed_like(measured, caught.value)["cause"] == "TimeoutError"
    await database.close()


async def test_while_all_connections_are_in_use(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured()
    database = Database(url=database_url, users_table="users", observer=measured.database)
    await database.prepare()
    async with AsyncExitStack() as held:
        for number in range(POOL_SIZE):
            await held.enter_async_context(database.session(f"user {number}"))
        monkeypatch.setattr(session_module, "ANSWER_WITHIN", SECONDS)
        with pytest.raises(StorageUnavailable) as caught:
            await database.session("one more").__aenter__()
    errors = {
        each.get("error.type") for each in measured.attributes("db.client.connection.wait_time")
    }
    assert errors == {None, "TimeoutError"}
    assert failed_like(measured, caught.value)["cause"] == "TimeoutError"
    await database.close()
