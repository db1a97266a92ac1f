"""Sort long lists without keeping the event loop from other requests."""

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Final

from domain.listing import SortOrder
from domain.task import Task

PIECE: Final = 500
"""Number of tasks of a long list that are worked on before other requests have their turn.

A piece of the longest tasks takes a few milliseconds to read and to sort.
"""

LONG: Final = 2 * PIECE
"""Number of tasks up to which a list is worked on in one step, because pauses cost more."""


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
