"""Sort long lists with pauses for other requests."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Final

from domain.listing import SortOrder
from domain.task import Task

PIECE: Final = 500
"""Tasks of a long list that are processed between pauses for other requests.

Reading and sorting a piece takes at most a few milliseconds.
"""

LONG: Final = 2 * PIECE
"""Most tasks of a list that is processed in one step, because pauses would cost more."""


async def arrange(tasks: Sequence[Task], order: SortOrder) -> list[Task]:
    """Return ``tasks`` in ``order``, as ``SortOrder.arrange`` does, with pauses in between."""
    if len(tasks) <= LONG:
        return order.arrange(tasks)
    runs = []
    for start in range(0, len(tasks), PIECE):
        runs.append(order.arrange(tasks[start : start + PIECE]))
        await asyncio.sleep(0)
    merged = order.merge(runs)
    arranged: list[Task] = []
    while piece := list(islice(merged, PIECE)):
        arranged += piece
        await asyncio.sleep(0)
    return arranged
