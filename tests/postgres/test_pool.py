"""Who gets a connection, and when."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from adapters.postgres.dsn import Dsn
from adapters.postgres.observer import PoolUse
from adapters.postgres.pool import Pool

pytestmark = pytest.mark.postgres


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = Pool(Dsn(database_url), size=2)
    yield pool
    await pool.close()


async def test_the_connection_used_last_is_used_next(pool: Pool) -> None:
    first, second = await pool.borrow("ada"), await pool.borrow("ada")
    await pool.give_back(first)
    await pool.give_back(second)
    for _ in range(3):
        borrowed = await pool.borrow("ada")
        assert borrowed is second
        await pool.give_back(borrowed)
    assert pool.use() == PoolUse(used=0, idle=2, limit=2, waiting=0)


async def test_a_closed_connection_is_replaced(pool: Pool) -> None:
    first = await pool.borrow("ada")
    await first.close()
    await pool.give_back(first)
    second = await pool.borrow("ada")
    assert not second.closed
    await pool.give_back(second)
    assert pool.use() == PoolUse(used=0, idle=1, limit=2, waiting=0)


async def test_who_stops_waiting_takes_no_place(pool: Pool) -> None:
    held = [await pool.borrow("ada"), await pool.borrow("ada")]
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await pool.borrow("ada")
    assert pool.use() == PoolUse(used=2, idle=0, limit=2, waiting=0)
    for connection in held:
        await pool.give_back(connection)
    await pool.give_back(await pool.borrow("ada"))
    assert pool.use() == PoolUse(used=0, idle=2, limit=2, waiting=0)


async def test_a_connection_that_cannot_be_opened_takes_no_place() -> None:
    pool = Pool(Dsn("postgresql://127.0.0.1:1/nothing"), size=1)
    for _ in range(3):
        with pytest.raises(psycopg.OperationalError):
            await pool.borrow("ada")
    assert pool.use() == PoolUse(used=0, idle=0, limit=1, waiting=0)
