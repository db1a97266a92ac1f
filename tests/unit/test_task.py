"""The rules of a task."""

from datetime import UTC, datetime, timedelta
from typing import Final, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidTask
from domain.task import DESCRIPTION_MAX, TITLE_MAX, UNCHANGED, NewTask, Task

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)

titles = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
    lambda text: 1 <= len(text.strip()) <= TITLE_MAX
)
# Hypothesis requires limits without a time zone and adds one to each value.
moments = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001
    max_value=datetime(2970, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def new_task(title: str = "Buy milk", description: str | None = None) -> NewTask:
    return NewTask.create(user_id="ada", title=title, description=description, now=NOON)


def task(title: str = "Buy milk", description: str | None = "Two litres") -> Task:
    return new_task(title, description).numbered(1)


def violations(error: pytest.ExceptionInfo[InvalidTask]) -> list[tuple[str, str]]:
    return [(violation.field, violation.rule) for violation in error.value.violations]


def test_a_new_task_is_pending_and_has_never_been_updated() -> None:
    assert task() == Task(
        id=1,
        user_id="ada",
        title="Buy milk",
        description="Two litres",
        completed=False,
        created_at=NOON,
        updated_at=NOON,
    )


def test_the_type_checker_rejects_changing_a_task_in_place() -> None:
    # Not checked at run time, because that would double the cost of a task.
    assert {get_origin(hint) for hint in get_type_hints(Task).values()} == {Final}


@given(titles)
def test_a_title_is_trimmed_and_otherwise_kept(title: str) -> None:
    assert new_task(title).title == title.strip()
    assert task().edit(title=title, now=LATER).title == title.strip()


@pytest.mark.parametrize("space", [" ", "\t\n", "\u00a0", "\u2003", "\u3000", "\x1f", "\x85"])
def test_every_kind_of_white_space_is_trimmed(space: str) -> None:
    assert new_task(f"{space}a{space}b{space}").title == f"a{space}b"


@pytest.mark.parametrize("title", ["", " ", "\u3000\n", "x" * (TITLE_MAX + 1)])
def test_a_title_has_1_to_200_characters(title: str) -> None:
    with pytest.raises(InvalidTask, match="title must have 1 to 200 characters") as creating:
        new_task(title)
    with pytest.raises(InvalidTask) as editing:
        task().edit(title=title, now=LATER)
    assert violations(creating) == violations(editing) == [("title", "length")]


@pytest.mark.parametrize("character", ["x", "é", "𝄞", "👩"])
def test_length_counts_code_points(character: str) -> None:
    assert len(new_task(character * TITLE_MAX, character * DESCRIPTION_MAX).title) == TITLE_MAX
    with pytest.raises(InvalidTask) as error:
        new_task(character * (TITLE_MAX + 1), character * (DESCRIPTION_MAX + 1))
    assert violations(error) == [("title", "length"), ("description", "length")]


def test_surrounding_white_space_does_not_count_for_a_titles_length() -> None:
    assert new_task(" " * 50 + "x" * TITLE_MAX + " " * 50).title == "x" * TITLE_MAX


@pytest.mark.parametrize("bad", ["\0", "a\0b", "\ud800", "a\udfff"])
def test_texts_that_cannot_be_stored_are_refused(bad: str) -> None:
    with pytest.raises(InvalidTask, match="U\\+0000 or a lone surrogate") as creating:
        new_task(bad, bad)
    with pytest.raises(InvalidTask) as editing:
        task().edit(title=bad, description=bad, now=LATER)
    expected = [("title", "characters"), ("description", "characters")]
    assert violations(creating) == violations(editing) == expected


@pytest.mark.parametrize("neighbour", ["\x01", "\ud7ff", "\ue000", "\uffff"])
def test_characters_next_to_unstorable_ones_are_accepted(neighbour: str) -> None:
    assert new_task(f"x{neighbour}x").title == f"x{neighbour}x"


def test_a_description_is_kept_to_the_letter() -> None:
    assert new_task(description="  two\n lines ").description == "  two\n lines "
    assert new_task(description="").description == ""


def test_a_description_has_at_most_1000_characters() -> None:
    with pytest.raises(InvalidTask, match="description must have at most 1000 characters"):
        task().edit(description="x" * (DESCRIPTION_MAX + 1), now=LATER)


def test_no_message_repeats_the_invalid_value() -> None:
    secret = "s3cret" * 200
    with pytest.raises(InvalidTask) as error:
        new_task(secret, secret)
    assert "s3cret" not in str(error.value)


def test_an_error_lists_every_violation() -> None:
    with pytest.raises(InvalidTask) as error:
        new_task("", "x" * 1001)
    first, second = error.value.violations
    assert str(error.value) == f"{first.message}; {second.message}"


def test_an_edit_changes_only_what_it_is_given() -> None:
    assert task().edit(title="New", now=LATER).description == "Two litres"
    assert task().edit(description="New", now=LATER).title == "Buy milk"


def test_a_description_can_be_cleared() -> None:
    assert task().edit(description=None, now=LATER).description is None


def test_an_edit_without_a_change_is_not_an_update() -> None:
    before = task()
    assert before.edit(now=LATER) is before
    assert before.edit(title=UNCHANGED, description=UNCHANGED, now=LATER) is before
    assert before.edit(title="  Buy milk ", description="Two litres", now=LATER) is before

    assert before.edit(completed=False, now=LATER) is before


def test_an_edit_is_an_update() -> None:
    assert task().edit(title="New", now=LATER).updated_at == LATER


def test_an_edit_can_complete_and_reopen() -> None:
    completed = task().edit(completed=True, now=LATER)
    assert (completed.completed, completed.updated_at) == (True, LATER)
    assert completed.edit(completed=True, now=LATER) is completed
    reopened = completed.edit(completed=False, title="New", now=LATER)
    assert (reopened.completed, reopened.title) == (False, "New")
    assert reopened.updated_at > LATER


@given(st.booleans())
def test_toggling_flips_and_toggling_twice_restores(completed: bool) -> None:
    before = task() if not completed else task().toggle(now=NOON)
    once = before.toggle(now=LATER)
    twice = once.toggle(now=LATER)
    assert (once.completed, twice.completed) == (not completed, completed)


@given(st.lists(moments, min_size=1))
def test_every_update_is_later_than_the_one_before_with_any_clock(
    times: list[datetime],
) -> None:
    current = task()
    for number, now in enumerate(times):
        for changed in (
            current.toggle(now=now),
            current.edit(title=f"T{number}", now=now),
            current.edit(completed=not current.completed, now=now),
        ):
            assert changed.updated_at > current.updated_at
            assert changed.updated_at >= now
            assert changed.created_at == current.created_at
        current = changed
