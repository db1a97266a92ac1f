"""A connection of the pool: its values, its errors and its end."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres import connection as connection_module
from adapters.postgres.connection import Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.statements import Statement
from application.arranging import PIECE
from tests.waiting import until

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


async def test_values_are_returned_unchanged(connection: Connection) -> None:
    given = {"number": 2**62, "text": "Grüße 🛒 $1 %s '", "truth": True, "nothing": None}
    for _ in range(2):
        assert await connection.run(ECHO, given) == [tuple(given.values())]
    # Prepared once, whatever the size of the numbers that follow.
    assert await connection.run(ECHO, {**given, "number": 1}) == [(1, given["text"], True, None)]
    texts = await connection.run(Statement(b"SELECT statement FROM pg_prepared_statements"), {})
    assert texts.count((ECHO.text.decode(),)) == 1


async def test_statements_larger_than_the_socket_buffer_arrive(connection: Connection) -> None:
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


async def test_a_connection_whose_first_statement_fails_is_closed(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_IDENTIFY", b"SELECT 1 / ($1::int - $1::int)")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await Connection.open(Dsn(database_url))
    others = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    watching = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    async with asyncio.timeout(5), watching as other:
        # The server's process takes a moment to end.
        while await (await other.execute(others)).fetchone() != (0,):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def test_a_cancelled_statement_leaves_a_closed_connection(connection: Connection) -> None:
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
    end = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'active' AND query LIKE '%sleep(60)'"
    )
    with psycopg.connect(database_url, autocommit=True) as other:
        await until(lambda: other.execute(end).rowcount == 1)
    with pytest.raises(psycopg.OperationalError):
        await running
    assert connection.closed
    assert connection.has_ended()


CHECKS = Statement(b"SHOW client_connection_check_interval")


async def test_the_server_looks_for_its_client_every_second(connection: Connection) -> None:
    assert await connection.run(CHECKS, {}) == [("1s",)]


async def test_the_urls_own_interval_is_kept(database_url: str) -> None:
    own = f"{database_url}&options=-c%20client_connection_check_interval%3D5s"
    connection = await Connection.open(Dsn(own))
    assert await connection.run(CHECKS, {}) == [("5s",)]
    await connection.close()


async def test_a_server_that_refuses_the_interval_is_used_without_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the operating system does not report a disconnected client.
    refused = connection_module._IDENTIFY.replace(b"'1s'", b"'-1s'")
    monkeypatch.setattr(connection_module, "_IDENTIFY", refused)
    connection = await Connection.open(Dsn(database_url))
    assert await connection.run(CHECKS, {}) == [("0",)]
    # It is recognized as direct nevertheless.
    for _ in range(2):
        [(prepared,)] = await connection.run(
            Statement(b"SELECT count(*) FROM pg_prepared_statements"), {}
        )
    assert prepared > 0
    await connection.close()


MANY = Statement(b"SELECT n, repeat('x', 1000) FROM generate_series(1, $1::bigint) n", ("number",))


@pytest.mark.parametrize("number", [0, 1, PIECE, PIECE + 1, 5 * PIECE])
async def test_rows_are_complete_and_in_order_however_they_are_read(
    connection: Connection, number: int
) -> None:
    expected = [(n, "x" * 1000) for n in range(1, number + 1)]
    assert await connection.run(MANY, {"number": number}) == expected
    assert await connection.run_long(MANY, {"number": number}) == expected
    assert await connection.run(LENGTH, {"text": "abc"}) == [(3,)]


@pytest.mark.parametrize("method", ["run", "run_long"])
async def test_others_have_their_turn_while_many_rows_are_read(
    connection: Connection, method: str
) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count_turns())
    # All rows are read before the first one is examined.
    rows = await getattr(connection, method)(MANY, {"number": 20 * PIECE})
    counting.cancel()
    assert len(rows) == 20 * PIECE
    assert turns >= 20


async def test_a_long_read_that_is_cancelled_leaves_a_closed_connection(
    connection: Connection,
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.run_long(SLEEP, {})
    assert connection.gave_up
    with pytest.raises(psycopg.OperationalError):
        await connection.run(LENGTH, {"text": "abc"})
