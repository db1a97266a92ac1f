"""Which tasks a list contains, and in which order."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import chain, count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.listing import SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def task(task_id: int, title: str = "t", *, minutes: int = 0, completed: bool = False) -> Task:
    moment = NOON + timedelta(minutes=minutes)
    return Task(
        id=task_id,
        user_id="ada",
        title=title,
        description=None,
        completed=completed,
        created_at=moment,
        updated_at=moment,
    )


@pytest.mark.parametrize(
    ("status", "pending", "completed"),
    [
        (StatusFilter.ALL, True, True),
        (StatusFilter.PENDING, True, False),
        (StatusFilter.COMPLETED, False, True),
    ],
)
def test_a_filter_admits_by_completion(
    status: StatusFilter, pending: bool, completed: bool
) -> None:
    assert status.admits(task(1)) is pending
    assert status.admits(task(1, completed=True)) is completed


def test_oldest_come_first_and_the_number_decides_between_equals() -> None:
    tasks = [task(3), task(1, minutes=5), task(2), task(4, minutes=-5)]
    assert [t.id for t in SortOrder.CREATED.arrange(tasks)] == [4, 2, 3, 1]


def test_titles_are_sorted_regardless_of_case_and_the_number_decides_between_equals() -> None:
    tasks = [task(1, "b"), task(2, "A"), task(3, "a"), task(4, "B"), task(5, "Straße")]
    tasks.append(task(6, "STRASSE"))
    assert [t.id for t in SortOrder.TITLE.arrange(tasks)] == [2, 3, 1, 4, 5, 6]


def test_letters_with_accents_are_sorted_beside_the_letter() -> None:
    titles = ["zoo", "Éclair", "eclair b", "e\u0301clair a", "Łódź", "lodz a", "mou", "ñu", "nut"]
    tasks = [task(number, title) for number, title in enumerate(titles, start=1)]
    assert [t.id for t in SortOrder.TITLE.arrange(tasks)] == [2, 4, 3, 5, 6, 7, 8, 9, 1]


def test_titles_beyond_the_basic_plane_are_sorted_by_code_point() -> None:
    # UTF-16 would put the emoji, a pair of surrogates, before the private-use character.
    tasks = [task(1, "\U0001f600"), task(2, "\uf8ff"), task(3, "z")]
    assert [t.id for t in SortOrder.TITLE.arrange(tasks)] == [3, 2, 1]


def test_a_fingerprint_is_that_of_numbers_and_last_changes() -> None:
    # PostgreSQL computes it in the same way: SHA-256 over 64-bit integers, times since the year
    # 2000.
    changed = (NOON - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    expected = sha256(b"".join(n.to_bytes(8) for n in (1, changed, 3, changed + 60_000_000)))
    assert fingerprint([task(3, minutes=1), task(1)]) == expected.hexdigest()
    assert fingerprint([]) == sha256(b"").hexdigest()


class Tasks(RuleBasedStateMachine):
    """One user's tasks under an arbitrary clock; different states have different fingerprints."""

    clock = st.integers(0, 3).map(lambda ticks: NOON + timedelta(microseconds=ticks))

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.tasks: dict[int, Task] = {}
        self.seen: dict[str, list[Task]] = {}

    @rule(now=clock)
    def add(self, now: datetime) -> None:
        new = NewTask.create(user_id="ada", title="t", description=None, now=now)
        added = new.numbered(next(self.numbers))
        self.tasks[added.id] = added

    @rule(now=clock, pick=st.integers(0, 5))
    def toggle(self, now: datetime, pick: int) -> None:
        if picked := self.picked(pick):
            self.tasks[picked.id] = picked.toggle(now=now)

    @rule(now=clock, pick=st.integers(0, 5), title=st.sampled_from("tu"))
    def edit(self, now: datetime, pick: int, title: str) -> None:
        if picked := self.picked(pick):
            self.tasks[picked.id] = picked.edit(title=title, now=now)

    @rule(pick=st.integers(0, 5))
    def delete(self, pick: int) -> None:
        if picked := self.picked(pick):
            del self.tasks[picked.id]

    @invariant()
    def lists_that_differ_have_fingerprints_that_differ(self) -> None:
        for status in StatusFilter:
            listed = [task for task in self.tasks.values() if status.admits(task)]
            assert self.seen.setdefault(fingerprint(listed), listed) == listed

    def picked(self, pick: int) -> Task | None:
        numbers = sorted(self.tasks)
        return self.tasks[numbers[pick]] if pick < len(numbers) else None


TestFingerprintsOfAUsersTasks = Tasks.TestCase
TestFingerprintsOfAUsersTasks.settings = settings(max_examples=200, stateful_step_count=30)


@given(st.lists(st.lists(st.text(max_size=3), max_size=5), max_size=5), st.sampled_from(SortOrder))
def test_arranged_runs_are_merged_into_the_same_order(
    titles: list[list[str]], order: SortOrder
) -> None:
    numbers = count(1)
    runs = [[task(next(numbers), title) for title in run] for run in titles]
    merged = list(order.merge(map(order.arrange, runs)))
    assert merged == order.arrange(chain.from_iterable(runs))
