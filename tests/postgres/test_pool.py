"""The order in which requests get connections."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.connection import GIVEN_UP_WITHIN, Connection
from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import PoolUse
from adapters.postgres.pool import Pool
from adapters.postgres.statements import Statement
from tests.waiting import until

pytestmark = pytest.mark.postgres


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = Pool(Dsn(database_url), size=2)
    yield pool
    await pool.close()


async def borrow(pool: Pool, user: str | None) -> Connection:
    """Take the steps of a session until it has a connection."""
    place = pool.queue.enter(user)
    if place is not None:
        await pool.queue.wait(user, place)
    return pool.take(user) or await pool.open(user)


async def test_the_connection_used_last_is_used_next(pool: Pool) -> None:
    first, second = await borrow(pool, "ada"), await borrow(pool, "ada")
    pool.give_back(first)
    pool.give_back(second)
    for _ in range(3):
        borrowed = await borrow(pool, "ada")
        assert borrowed is second
        pool.give_back(borrowed)
    assert pool.use() == PoolUse(used=0, idle=2, limit=2, waiting=0)


async def test_a_closed_connection_is_replaced(pool: Pool) -> None:
    first = await borrow(pool, "ada")
    await first.close()
    pool.give_back(first)
    second = await borrow(pool, "ada")
    assert not second.closed
    pool.give_back(second)
    assert pool.use() == PoolUse(used=0, idle=1, limit=2, waiting=0)


async def test_a_waiting_request_gets_the_connection_that_is_given_back(pool: Pool) -> None:
    first, second = await borrow(pool, "ada"), await borrow(pool, "ada")
    waiting = [asyncio.create_task(borrow(pool, user)) for user in ("bob", "eve")]
    await until(lambda: pool.use().waiting == len(waiting))
    pool.give_back(first)
    assert await waiting[0] is first
    await second.close()
    pool.give_back(second)
    third = await waiting[1]
    assert third is not second
    assert not third.closed
    assert pool.use() == PoolUse(used=2, idle=0, limit=2, waiting=0)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_connection_that_a_cancelled_request_was_to_get_is_used_next(
    pool: Pool, *, ended: bool
) -> None:
    first, second = await borrow(pool, "ada"), await borrow(pool, "ada")
    waiting = asyncio.create_task(borrow(pool, "bob"))
    await until(lambda: pool.use().waiting == 1)
    if ended:
        await first.close()
    pool.give_back(first)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.use() == PoolUse(used=1, idle=0 if ended else 1, limit=2, waiting=0)
    async with asyncio.timeout(5):
        assert (await borrow(pool, "eve") is first) is not ended
    pool.give_back(second)
    async with asyncio.timeout(5):
        assert await borrow(pool, "eve") is second


async def test_a_request_that_stops_waiting_takes_no_place(pool: Pool) -> None:
    held = [await borrow(pool, "ada"), await borrow(pool, "ada")]
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await borrow(pool, "ada")
    assert pool.use() == PoolUse(used=2, idle=0, limit=2, waiting=0)
    for connection in held:
        pool.give_back(connection)
    pool.give_back(await borrow(pool, "ada"))
    assert pool.use() == PoolUse(used=0, idle=2, limit=2, waiting=0)


async def test_a_connection_that_cannot_be_opened_takes_no_place() -> None:
    pool = Pool(Dsn("postgresql://127.0.0.1:1/nothing"), size=1)
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            async with asyncio.timeout(5):
                await borrow(pool, "ada")
    assert pool.use() == PoolUse(used=0, idle=0, limit=1, waiting=0)


async def test_a_connection_that_is_being_opened_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pool = Pool(Dsn(f"postgresql://u@127.0.0.1:{port}/tasks?sslmode=disable"), size=2)
        opening = asyncio.create_task(borrow(pool, "ada"))
        await until(lambda: pool.use().waiting == 1)
        assert pool.use() == PoolUse(used=0, idle=0, limit=2, waiting=1)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening


async def test_by_default_one_user_holds_three_of_ten_connections() -> None:
    pool = Pool(Dsn("postgresql://127.0.0.1:1/nothing"))
    waiting = [pool.queue.enter("ada") for _ in range(4)]
    assert [place is None for place in waiting] == [True, True, True, False]
    assert [pool.queue.enter(f"user {number}") for number in range(7)] == [None] * 7
    assert pool.queue.enter("bob") is not None


async def test_a_connection_that_was_given_up_between_statements_is_freed(pool: Pool) -> None:
    connection = await borrow(pool, "ada")
    descriptor = connection._driver.fileno()
    connection.give_up()
    pool.give_back(connection)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


async def test_one_user_leaves_connections_to_others(database_url: str) -> None:
    pool = Pool(Dsn(database_url), size=4, each=3)
    held = [await borrow(pool, "ada") for _ in range(3)]
    waiting = [asyncio.create_task(borrow(pool, "ada")) for _ in range(5)]
    await until(lambda: pool.use().waiting == len(waiting))
    async with asyncio.timeout(5):
        pool.give_back(await borrow(pool, "bob"))
        pool.give_back(await borrow(pool, None))
    for connection in held:
        pool.give_back(connection)
    for task in waiting:
        pool.give_back(await task)
    assert pool.use().used == 0
    await pool.close()


async def test_requests_cancelled_while_connecting_take_no_place() -> None:
    # A server that accepts and sends nothing: every connect is slow.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pool = Pool(Dsn(f"postgresql://u@127.0.0.1:{port}/tasks?sslmode=disable"), size=2)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await borrow(pool, "ada")
    assert pool.use() == PoolUse(used=0, idle=0, limit=2, waiting=0)
    # It has ended. A place is free, so this is noticed at once.
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            async with asyncio.timeout(5):
                await borrow(pool, "ada")


async def test_a_connection_that_was_given_up_keeps_its_place_until_its_statement_has_ended(
    pool: Pool, database_url: str
) -> None:
    sleep = Statement(b"SELECT pg_sleep(60)")
    lost = [await borrow(pool, "ada"), await borrow(pool, "ada")]
    running = [asyncio.create_task(connection.run(sleep, {})) for connection in lost]
    under_way = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND state = 'active' AND query LIKE '%sleep(60)'"
    )
    with psycopg.connect(database_url, autocommit=True) as other:
        await until(lambda: other.execute(under_way).rowcount == len(lost))
    for connection in lost:
        connection.give_up()
    given_up = time.monotonic()
    for task, connection in zip(running, lost, strict=True):
        with pytest.raises(psycopg.OperationalError):
            await task
        pool.give_back(connection)
    assert time.monotonic() - given_up < GIVEN_UP_WITHIN
    async with asyncio.timeout(10):
        following = await borrow(pool, "ada")
    assert time.monotonic() - given_up >= GIVEN_UP_WITHIN - 0.01
    counted = Statement(b"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)' ")
    assert await following.run(counted, {}) == [(0,)]
    pool.give_back(following)
