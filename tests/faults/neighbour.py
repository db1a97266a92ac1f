"""Another user of the same process, and the memory that the process uses meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.clients import Client, Exchange
from tests.process.service import Service

MEGABYTE: Final = 2**20
_PAUSE: Final = 0.02
"""Seconds between two requests of the neighbour, and two measurements of the memory."""


@dataclass(slots=True)
class Observed:
    """The neighbour's responses, and the memory of the process."""

    before: int
    """Bytes of resident memory at the beginning."""
    most: int
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """Bytes that were added at most."""
        return self.most - self.before

    @property
    def failures(self) -> list[Exchange]:
        """The neighbour's requests that were not answered with 200."""
        return [exchange for exchange in self.exchanges if exchange.status != 200]

    @property
    def slowest(self) -> float:
        """Seconds of the slowest answer."""
        return max(exchange.seconds for exchange in self.exchanges)

    def __str__(self) -> str:
        return (
            f"{self.before / MEGABYTE:.0f} MB, at most {self.growth / MEGABYTE:.0f} MB more; "
            f"another user's {len(self.exchanges)} requests: {len(self.failures)} failed, "
            f"p99 {p99(self.exchanges)} ms, slowest {self.slowest * 1000:.0f} ms"
        )


@asynccontextmanager
async def observing(service: Service, token: str, path: str) -> AsyncIterator[Observed]:
    """Request ``path`` repeatedly, as another user would, and measure the memory."""
    pid = service.process.pid
    observed = Observed(before=resident(pid), most=resident(pid))
    watching = asyncio.create_task(_watch(observed, pid))
    asking = asyncio.create_task(_ask(observed, Client(service.port, token), path))
    try:
        yield observed
    finally:
        watching.cancel()
        asking.cancel()
        await asyncio.gather(watching, asking, return_exceptions=True)


async def _watch(observed: Observed, pid: int) -> None:
    while True:
        observed.most = max(observed.most, resident(pid))
        await asyncio.sleep(_PAUSE)


async def _ask(observed: Observed, client: Client, path: str) -> None:
    try:
        while True:
            observed.exchanges.append(await client.send("GET", path))
            await asyncio.sleep(_PAUSE)
    finally:
        client.close()


def resident(pid: int) -> int:
    """Bytes of memory that a process occupies."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) * 1024


def p99(exchanges: Sequence[Exchange]) -> int:
    """The 99th percentile of the answers' times, in milliseconds."""
    ordered = sorted(exchange.seconds for exchange in exchanges)
    return round(ordered[int(0.99 * len(ordered))] * 1000)
