"""A connection of the pool: its values, its errors and its end."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres import connection as connection_module
from adapters.postgres.connection import Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement

pytestmark = pytest.mark.postgres

LENGTH = Statement(b"SELECT length($1::text)", ("text",))
SLEEP = Statement(b"SELECT pg_sleep(60)")
ECHO = Statement(
    b"SELECT $1::bigint, $2::text, $3::boolean, $4::text", ("number", "text", "truth", "nothing")
)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await Connection.open(Dsn(database_url))
    yield connection
    await connection.close()


async def test_values_come_back_as_they_went(connection: Connection) -> None:
    given = {"number": 2**62, "text": "Grüße 🛒 $1 %s '", "truth": True, "nothing": None}
    for _ in range(2):
        assert await connection.run(ECHO, given) == [tuple(given.values())]
    # Prepared once, whatever the size of the numbers that follow.
    assert await connection.run(ECHO, {**given, "number": 1}) == [(1, given["text"], True, None)]


async def test_what_does_not_fit_into_the_sockets_buffer_arrives(connection: Connection) -> None:
    async with asyncio.timeout(20):
        assert await connection.run(LENGTH, {"text": "x" * 30_000_000}) == [(30_000_000,)]


async def test_an_error_of_a_statement_leaves_the_connection_usable(
    connection: Connection,
) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.run(Statement(b"SELECT 1 / 0"), {})
    with pytest.raises(psycopg.DataError):
        await connection.run(LENGTH, {"text": "a\x00b"})
    assert await connection.run(LENGTH, {"text": "abc"}) == [(3,)]


async def test_a_connection_that_is_refused_its_first_question_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_IDENTIFY", Statement(b"SELECT 1 / 0"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        await Connection.open(Dsn(database_url))
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    watching = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with asyncio.timeout(5), watching as other:
        # The server's process takes a moment to be gone.
        while await (await other.execute(others)).fetchone() != (0,):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def test_who_is_cancelled_leaves_a_closed_connection(connection: Connection) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.run(SLEEP, {})
    assert connection.closed
    with pytest.raises(psycopg.OperationalError):
        await connection.run(LENGTH, {"text": "abc"})


async def test_a_connection_that_the_server_ends_is_closed(
    connection: Connection, database_url: str
) -> None:
    running = asyncio.create_task(connection.run(SLEEP, {}))
    await asyncio.sleep(0.1)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(60)%' "
            "AND pid <> pg_backend_pid()"
        )
    with pytest.raises(psycopg.OperationalError):
        await running
    assert connection.closed
    assert connection.has_ended()
