"""Long lists are sorted a piece at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from application.arranging import PIECE, arrange
from domain.listing import SortOrder
from domain.task import Task

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def shuffled_tasks(number: int) -> list[Task]:
    tasks = [
        Task(i, "ada", f"Task {i % 97}", None, False, NOON + timedelta(seconds=i % 89), NOON)
        for i in range(number)
    ]
    Random(number).shuffle(tasks)  # noqa: S311 - an order that can be repeated
    return tasks


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("number", [0, 1, PIECE, PIECE + 1, 3 * PIECE + 7])
async def test_pieces_give_the_same_order(number: int, order: SortOrder) -> None:
    tasks = shuffled_tasks(number)
    assert await arrange(tasks, order) == order.arrange(tasks)


async def test_other_work_has_its_turn_after_each_piece() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await arrange(shuffled_tasks(4 * PIECE), SortOrder.TITLE)
    other.cancel()
    # Once for each piece that is sorted, and once for each that is merged.
    assert turns >= 8
