"""A hundred concurrent users who record their responses."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.faults.clients import Client, Exchange
from tests.process.service import token

PEOPLE: Final = tuple(f"person-{number}" for number in range(100))
PAUSE: Final = 0.5
"""Average seconds between two requests of one user.

With a hundred users a core is then not saturated: otherwise the test would measure the queue
for the processor.
"""

_CHANGES: Final = ("toggle", "edit", "delete", "create", "get", "list")
_WEIGHTS: Final = (30, 20, 8, 22, 15, 5)


@dataclass(frozen=True, slots=True)
class State:
    """The state of a task; None means that it does not exist."""

    title: str
    completed: bool

    @classmethod
    def of(cls, task: dict[str, Any]) -> "State":
        """The state in a response."""
        return cls(task["title"], task["completed"])


@dataclass(slots=True)
class Belief:
    """The possible states of a task: one, or two after a response that leaves it open."""

    marker: str
    """The unique beginning of the title."""
    possible: tuple[State | None, ...]
    id: int = 0
    """0 if the id is unknown."""

    @property
    def settled(self) -> bool:
        """Whether only one state is possible."""
        return len(self.possible) == 1


@dataclass(slots=True)
class Memory:
    """The responses to one user, and the resulting states."""

    person: str
    exchanges: list[Exchange] = field(default_factory=list)
    beliefs: list[Belief] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    """Responses that contradict every order of the acknowledged changes."""


async def work(
    stop: asyncio.Event, port: int, people: Sequence[str] = PEOPLE, pause: float = PAUSE
) -> list[Memory]:
    """Let each of ``people`` create, toggle, edit, delete and read tasks of their own."""
    everybody = [_Person(port, person, pause) for person in people]
    async with asyncio.TaskGroup() as crowd:
        for person in everybody:
            crowd.create_task(person.work(stop))
    return [person.memory for person in everybody]


@dataclass(frozen=True, slots=True)
class Probe:
    """One response, and how long both sides waited for a processor."""

    exchange: Exchange
    starved: float

    @property
    def seconds(self) -> float:
        """The time without the waits for a processor."""
        return max(0, self.exchange.seconds - self.starved)


async def probe(
    stop: asyncio.Event, port: int, pid: int, path: str = "/health/live", pause: float = 0.1
) -> list[Probe]:
    """Send the same request to the process ``pid`` repeatedly, one after the other."""
    client = Client(port)
    probes = []
    while not stop.is_set():
        before = _waited_for_a_processor(pid)
        exchange = await client.send("GET", path)
        probes.append(Probe(exchange, _waited_for_a_processor(pid) - before))
        await asyncio.sleep(pause)
    client.close()
    return probes


def _waited_for_a_processor(pid: int) -> float:
    # Linux counts the nanoseconds that a runnable process waited for a processor.
    try:
        waits = [Path(f"/proc/{each}/schedstat").read_text().split()[1] for each in (pid, "self")]
    except FileNotFoundError:
        return 0
    return sum(map(int, waits)) / 1e9


class _Person:
    def __init__(self, port: int, name: str, pause: float) -> None:
        self._client = Client(port, token(name))
        self._tasks = f"/api/{name}/tasks"
        self._pause = pause
        self._random = random.Random(name)  # noqa: S311 - repeatable, not secret
        self.memory = Memory(name)

    async def work(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._act()
            pause = self._pause * self._random.uniform(0.5, 1.5)
            try:
                await asyncio.wait_for(stop.wait(), pause)
            except TimeoutError:
                continue
        self._client.close()

    async def _act(self) -> None:
        known = [belief for belief in self.memory.beliefs if belief.settled and belief.possible[0]]
        [act] = self._random.choices(_CHANGES, _WEIGHTS)
        if act == "list":
            await self._list()
        elif act == "create" or not known:
            await self._create()
        else:
            await self._use(act, self._random.choice(known))

    async def _send(self, method: str, path: str, content: Any = None) -> Exchange:
        exchange = await self._client.send(method, self._tasks + path, content)
        self.memory.exchanges.append(exchange)
        return exchange

    async def _create(self) -> None:
        marker = f"{self.memory.person}/{len(self.memory.beliefs)} "
        belief = Belief(marker, (None,))
        self.memory.beliefs.append(belief)
        exchange = await self._send("POST", "", {"title": marker + "new"})
        if self._settle(belief, exchange, 201, State(marker + "new", completed=False)):
            belief.id = exchange.json["id"]

    async def _use(self, act: str, belief: Belief) -> None:
        [before] = belief.possible
        assert before is not None
        path = f"/{belief.id}"
        if act == "get":
            exchange = await self._send("GET", path)
            self._settle(belief, exchange, 200, before)
        elif act == "toggle":
            exchange = await self._send("PATCH", f"{path}/complete")
            self._settle(belief, exchange, 200, replace(before, completed=not before.completed))
        elif act == "edit":
            title = f"{belief.marker}{self._random.random()}"
            exchange = await self._send("PUT", path, {"title": title})
            self._settle(belief, exchange, 200, replace(before, title=title))
        else:
            exchange = await self._send("DELETE", path)
            self._settle(belief, exchange, 204, None)

    def _settle(self, belief: Belief, exchange: Exchange, status: int, after: State | None) -> bool:
        """Record that the task is ``after``, or may be; return whether this is certain."""
        if exchange.status == status:
            if after is not None and State.of(exchange.json) != after:
                self._contradict(exchange)
            belief.possible = (after,)
            return True
        if exchange.status in {500, None}:
            belief.possible = tuple({*belief.possible, after})
        else:
            self._contradict(exchange)
        return False

    async def _list(self) -> None:
        exchange = await self._send("GET", "")
        if exchange.status == 200:
            found = [State.of(task) for task in exchange.json]
            if unexplained(self.memory.beliefs, found):
                self._contradict(exchange)

    def _contradict(self, exchange: Exchange) -> None:
        self.memory.contradictions.append(str(exchange))


def unexplained(beliefs: Sequence[Belief], found: Sequence[State]) -> list[str]:
    """Compare the expected states with those found; return lost writes and phantoms."""
    wrong = []
    by_marker: dict[str, list[State]] = {belief.marker: [] for belief in beliefs}
    for state in found:
        marker = state.title.split(" ")[0] + " "
        if marker in by_marker:
            by_marker[marker].append(state)
        else:
            wrong.append(f"no client made {state}")
    for belief in beliefs:
        states = by_marker[belief.marker]
        if len(states) > 1:
            wrong.append(f"more than one: {states}")
        elif (states[0] if states else None) not in belief.possible:
            wrong.append(f"{states} is none of {belief.possible}")
    return wrong
