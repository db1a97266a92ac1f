"""What a listing holds, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.listing import SortOrder, StatusFilter
from domain.task import Task

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


def test_titles_beyond_the_basic_plane_are_sorted_by_code_point() -> None:
    # UTF-16 would put the emoji, a pair of surrogates, before the private-use character.
    tasks = [task(1, "\U0001f600"), task(2, "\uf8ff"), task(3, "z")]
    assert [t.id for t in SortOrder.TITLE.arrange(tasks)] == [3, 2, 1]
