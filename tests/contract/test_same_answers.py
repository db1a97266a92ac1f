"""Random operations of several users on the memory and the PostgreSQL repository, side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from adapters.memory.task_repository import MemoryTaskRepository
from adapters.postgres.database import Database
from adapters.postgres.task_repository import PostgresTaskRepository
from application.errors import ApplicationError
from application.ports.task_repository import TaskRepository
from domain.errors import DomainError
from domain.listing import SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task
from tests.contract.conftest import add_users

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
# Titles that mainly differ in case, and arbitrary ones.
titles = st.one_of(
    st.text(st.sampled_from("aAbBßẞſsSiIİı \u0301"), max_size=4), st.text(storable, max_size=210)
)
descriptions = st.none() | st.text(storable, max_size=1010)
# Hypothesis requires limits without a time zone and adds one to each value.
moments = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001
    max_value=datetime(2026, 1, 2),  # noqa: DTZ001
    timezones=st.just(UTC),
)
owners = st.integers(0, 2)
# The position of a task, counted from the last created; sometimes of one that does not exist.
picks = st.integers(0, 6)

_examples = count()


class SideBySide(RuleBasedStateMachine):
    """Calls both repositories with the same arguments and compares the results."""

    runner: ClassVar[asyncio.Runner]
    database_url: ClassVar[str]
    database: ClassVar[Database]

    @initialize()
    def start(self) -> None:
        example = next(_examples)
        # The third is not a user of the storage.
        self.users = [f"{example}-ada", f"{example}-bob", f"{example}-eve"]
        add_users(self.database_url, *self.users[:2])
        self.memory = MemoryTaskRepository(users=self.users[:2])
        self.postgres = PostgresTaskRepository(database=self.database)
        self.numbers = {-1: -1}
        """The number in memory of each number in PostgreSQL."""

    def both(self, ask: Callable[[TaskRepository, dict[int, int]], Awaitable[Any]]) -> None:
        in_memory = self.ask(self.memory, ask, {n: n for n in self.numbers.values()})
        by_memory = {memory: number for number, memory in self.numbers.items()}
        in_postgres = self.ask(self.postgres, ask, by_memory)
        if isinstance(in_memory, Task) and isinstance(in_postgres, Task):
            self.numbers.setdefault(in_postgres.id, in_memory.id)
        assert self.translated(in_postgres) == in_memory

    def ask(
        self,
        repository: TaskRepository,
        question: Callable[[TaskRepository, dict[int, int]], Awaitable[Any]],
        numbers: dict[int, int],
    ) -> Any:
        async def answer() -> Any:
            return await question(repository, numbers)

        try:
            return self.runner.run(answer())
        except (ApplicationError, DomainError) as error:
            return type(error)

    def translated(self, answer: Any) -> Any:
        if isinstance(answer, Task):
            return replace(answer, id=self.numbers[answer.id])
        if isinstance(answer, list):
            return [self.translated(task) for task in answer]
        return answer

    def picked(self, pick: int) -> int:
        made = list(self.numbers.values())
        return made[-1 - pick] if pick < len(made) else -1

    @rule(owner=owners, title=titles, description=descriptions, now=moments)
    def add(self, owner: int, title: str, description: str | None, now: datetime) -> None:
        async def add(tasks: TaskRepository, _: dict[int, int]) -> Task:
            new = NewTask.create(
                user_id=self.users[owner], title=title, description=description, now=now
            )
            return await tasks.add(new)

        self.both(add)

    @rule(owner=owners, pick=picks)
    def get(self, owner: int, pick: int) -> None:
        number = self.picked(pick)
        self.both(lambda tasks, numbers: tasks.get(self.users[owner], numbers[number]))

    @rule(owner=owners, pick=picks, now=moments)
    def toggle(self, owner: int, pick: int, now: datetime) -> None:
        number = self.picked(pick)
        self.both(
            lambda tasks, numbers: tasks.update(
                self.users[owner], numbers[number], lambda task: task.toggle(now=now)
            )
        )

    @rule(owner=owners, pick=picks, title=titles, description=descriptions, now=moments)
    def edit(
        self, owner: int, pick: int, title: str, description: str | None, now: datetime
    ) -> None:
        number = self.picked(pick)
        self.both(
            lambda tasks, numbers: tasks.update(
                self.users[owner],
                numbers[number],
                lambda task: task.edit(title=title, description=description, now=now),
            )
        )

    @rule(owner=owners, pick=picks)
    def delete(self, owner: int, pick: int) -> None:
        number = self.picked(pick)
        self.both(lambda tasks, numbers: tasks.delete(self.users[owner], numbers[number]))

    @rule(
        owner=owners,
        status=st.sampled_from(StatusFilter),
        order=st.sampled_from(SortOrder),
    )
    def list(self, owner: int, status: StatusFilter, order: SortOrder) -> None:
        self.both(lambda tasks, _: tasks.list(self.users[owner], status, order))
        # Ids differ between the repositories, and so do fingerprints.
        for tasks in (self.memory, self.postgres):
            self.runner.run(self.check_fingerprint(tasks, self.users[owner], status))

    @rule(
        owner=owners,
        status=st.sampled_from(StatusFilter),
        order=st.sampled_from(SortOrder),
        limit=st.integers(1, 3),
    )
    def page(self, owner: int, status: StatusFilter, order: SortOrder, limit: int) -> None:
        async def all_pages(tasks: TaskRepository, _: dict[int, int]) -> list[Task]:
            listed, after = [], None
            while True:
                page = await tasks.page(self.users[owner], status, order, limit=limit, after=after)
                listed += page.tasks
                assert page.end is None or len(page.tasks) == limit
                if page.end is None:
                    return listed
                after = page.end

        self.both(all_pages)

    async def check_fingerprint(
        self, tasks: TaskRepository, owner: str, status: StatusFilter
    ) -> None:
        listed = await tasks.list(owner, status, SortOrder.CREATED)
        assert await tasks.fingerprint(owner, status) == fingerprint(listed)


@pytest.mark.postgres
@pytest.mark.conformance
def test_memory_and_postgres_return_the_same_results(database_url: str) -> None:
    with asyncio.Runner() as event_loop:

        class Machine(SideBySide):
            runner = event_loop
            database = Database(url=database_url, users_table="users")

        Machine.database_url = database_url
        event_loop.run(Machine.database.prepare())
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                suppress_health_check=list(HealthCheck),
            ),
        )
        event_loop.run(Machine.database.close())
