"""Every adapter keeps the contract of the port TaskRepository."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.arranging import PIECE
from application.errors import TaskLimitReached, TaskNotFound, UnknownUser
from application.ports.task_repository import TaskRepository
from domain.listing import Page, SortOrder, StatusFilter, fingerprint
from domain.task import NewTask, Task
from tests.contract.conftest import USERS

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
IMPOSSIBLE_NUMBERS = {
    "0": 0,
    "-1": -1,
    "beyond int": 2**31,
    "the last bigint": 2**63 - 1,
    "beyond bigint": 2**63,
    "below bigint": -(2**63) - 1,
    "beyond numeric": 2**1_000_000,
}


def new_task(
    owner: str = "ada", title: str = "Buy milk", *, description: str | None = None, minutes: int = 0
) -> NewTask:
    return NewTask.create(
        user_id=owner,
        title=title,
        description=description,
        now=NOON + timedelta(minutes=minutes),
    )


async def everything(tasks: TaskRepository, owner: str) -> list[Task]:
    return await tasks.list(owner, StatusFilter.ALL, SortOrder.CREATED)


async def pages(
    tasks: TaskRepository, status: StatusFilter, order: SortOrder, limit: int
) -> list[Page]:
    """All pages of ada's list."""
    found = [await tasks.page("ada", status, order, limit=limit)]
    while found[-1].end is not None:
        found.append(await tasks.page("ada", status, order, limit=limit, after=found[-1].end))
    return found


def toggled(task: Task) -> Task:
    return task.toggle(now=NOON)


async def test_an_added_task_is_returned_unchanged(tasks: TaskRepository) -> None:
    new = new_task(USERS[2], "\u2028 𝄞 'quoted\" \\ %s {x}", description="  é\r\n\t\x01 ")
    added = await tasks.add(new)
    assert added == new.numbered(added.id)
    found = await tasks.get(USERS[2], added.id)
    assert found == added
    assert (found.created_at.tzinfo, found.updated_at.tzinfo) == (UTC, UTC)
    assert await everything(tasks, USERS[2]) == [added]


async def test_a_description_may_be_empty_or_missing(tasks: TaskRepository) -> None:
    for description in ("", None):
        added = await tasks.add(new_task(description=description))
        assert (await tasks.get("ada", added.id)).description == description


async def test_numbers_grow_and_are_never_used_again(tasks: TaskRepository) -> None:
    first = await tasks.add(new_task())
    second = await tasks.add(new_task("bob"))
    await tasks.delete("bob", second.id)
    third = await tasks.add(new_task())
    assert 0 < first.id < second.id < third.id


async def test_an_unknown_user_cannot_own_a_task(tasks: TaskRepository) -> None:
    with pytest.raises(UnknownUser):
        await tasks.add(new_task("eve"))
    assert await everything(tasks, "eve") == []


async def test_a_user_has_at_most_as_many_tasks_as_the_limit(tasks: TaskRepository) -> None:
    for minutes in range(2):
        await tasks.add(new_task(minutes=minutes), limit=3)
    third = await tasks.add(new_task(), limit=3)
    with pytest.raises(TaskLimitReached, match="at most 3 tasks"):
        await tasks.add(new_task(), limit=3)
    await tasks.add(new_task("bob"), limit=3)
    await tasks.delete("ada", third.id)
    await tasks.add(new_task(), limit=3)
    with pytest.raises(TaskLimitReached):
        await tasks.add(new_task(), limit=3)
    await tasks.add(new_task())
    assert len(await everything(tasks, "ada")) == 4


async def test_the_limit_holds_when_many_tasks_are_added_at_once(tasks: TaskRepository) -> None:
    added = await asyncio.gather(
        *(tasks.add(new_task(), limit=7) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Task) for outcome in added) == 7
    assert sum(isinstance(outcome, TaskLimitReached) for outcome in added) == 13
    assert len(await everything(tasks, "ada")) == 7


async def test_an_unknown_user_is_reported_before_the_limit(tasks: TaskRepository) -> None:
    with pytest.raises(UnknownUser):
        await tasks.add(new_task("eve"), limit=1)


@pytest.mark.parametrize("owner", ["eve", "", "Ada", "x" * 255, "\uffff"])
async def test_a_user_without_tasks_sees_none(tasks: TaskRepository, owner: str) -> None:
    added = await tasks.add(new_task())
    assert await everything(tasks, owner) == []
    with pytest.raises(TaskNotFound):
        await tasks.get(owner, added.id)


async def test_another_users_task_is_not_found(tasks: TaskRepository) -> None:
    added = await tasks.add(new_task("bob"))
    with pytest.raises(TaskNotFound):
        await tasks.get("ada", added.id)
    with pytest.raises(TaskNotFound):
        await tasks.update("ada", added.id, toggled)
    with pytest.raises(TaskNotFound):
        await tasks.delete("ada", added.id)
    assert await tasks.get("bob", added.id) == added


@pytest.mark.parametrize("number", IMPOSSIBLE_NUMBERS.values(), ids=IMPOSSIBLE_NUMBERS)
async def test_an_unknown_id_is_not_found(tasks: TaskRepository, number: int) -> None:
    with pytest.raises(TaskNotFound):
        await tasks.get("ada", number)
    with pytest.raises(TaskNotFound):
        await tasks.update("ada", number, toggled)
    with pytest.raises(TaskNotFound):
        await tasks.delete("ada", number)


async def test_a_deletion_removes_only_its_task(tasks: TaskRepository) -> None:
    kept = await tasks.add(new_task())
    gone = await tasks.add(new_task())
    await tasks.delete("ada", gone.id)
    with pytest.raises(TaskNotFound):
        await tasks.get("ada", gone.id)
    with pytest.raises(TaskNotFound):
        await tasks.delete("ada", gone.id)
    assert await everything(tasks, "ada") == [kept]


async def test_an_update_stores_what_the_change_returns(tasks: TaskRepository) -> None:
    added = await tasks.add(new_task(description="Two litres"))
    later = NOON + timedelta(seconds=1)

    def change(task: Task) -> Task:
        assert task == added
        return replace(task, title="Other", description=None, completed=True, updated_at=later)

    changed = await tasks.update("ada", added.id, change)
    assert changed == change(added)
    assert await tasks.get("ada", added.id) == changed


async def test_an_update_changes_only_its_task(tasks: TaskRepository) -> None:
    others = [await tasks.add(new_task()), await tasks.add(new_task("bob"))]
    added = await tasks.add(new_task())
    await tasks.update("ada", added.id, toggled)
    assert [await tasks.get(task.user_id, task.id) for task in others] == others


async def test_a_change_that_fails_stores_nothing(tasks: TaskRepository) -> None:
    added = await tasks.add(new_task())

    class Refused(Exception):
        pass

    def refuse(_: Task) -> Task:
        raise Refused

    with pytest.raises(Refused):
        await tasks.update("ada", added.id, refuse)
    assert await tasks.get("ada", added.id) == added
    assert (await tasks.update("ada", added.id, toggled)).completed


async def test_concurrent_updates_are_all_stored(tasks: TaskRepository) -> None:
    added = await tasks.add(new_task())

    async def toggle_often() -> list[bool]:
        return [(await tasks.update("ada", added.id, toggled)).completed for _ in range(15)]

    outcomes = await asyncio.gather(*(toggle_often() for _ in range(20)))
    answers = [answer for outcome in outcomes for answer in outcome]
    assert answers.count(True) == answers.count(False) == 150
    final = await tasks.get("ada", added.id)
    assert final.completed is False
    # Each change has seen the one before it: no step of a microsecond is missing.
    assert final.updated_at == NOON + timedelta(microseconds=300)


async def test_a_concurrent_update_does_not_restore_a_deleted_task(tasks: TaskRepository) -> None:
    for _ in range(10):
        added = await tasks.add(new_task())
        await asyncio.gather(
            tasks.update("ada", added.id, toggled),
            tasks.delete("ada", added.id),
            return_exceptions=True,
        )
        with pytest.raises(TaskNotFound):
            await tasks.get("ada", added.id)


async def test_tasks_are_listed_by_status(tasks: TaskRepository) -> None:
    pending = await tasks.add(new_task())
    completed = await tasks.update("ada", (await tasks.add(new_task())).id, toggled)
    expected = {
        StatusFilter.ALL: [pending, completed],
        StatusFilter.PENDING: [pending],
        StatusFilter.COMPLETED: [completed],
    }
    for status, listed in expected.items():
        assert await tasks.list("ada", status, SortOrder.CREATED) == listed
        assert await tasks.list("ada", status, SortOrder.TITLE) == listed


async def test_tasks_are_listed_oldest_first(tasks: TaskRepository) -> None:
    added = [await tasks.add(new_task(minutes=minutes)) for minutes in (5, 0, 10, 0)]
    expected = [added[1], added[3], added[0], added[2]]
    assert await everything(tasks, "ada") == expected


async def test_tasks_are_listed_by_title_regardless_of_case(tasks: TaskRepository) -> None:
    titles = ["b", "A", "a", "Zebra", "äpfel", "Straße", "STRASSE", "ﬁn", "_", "İ", "\U0001f600"]
    titles += ["\uf8ff", "a b", "a-b", "ab", "10", "9"]
    added = [await tasks.add(new_task(title=title)) for title in titles]
    listed = await tasks.list("ada", StatusFilter.ALL, SortOrder.TITLE)
    assert listed == SortOrder.TITLE.arrange(added)


@pytest.mark.parametrize("order", SortOrder)
@pytest.mark.parametrize("status", StatusFilter)
async def test_the_pages_of_a_list_are_the_list(
    tasks: TaskRepository, status: StatusFilter, order: SortOrder
) -> None:
    await tasks.add(new_task("bob", title="b"))
    for number, title in enumerate(
        ["b", "A", "É", "e\u0301a", "B", "\U0001f600", "日本", "\uf8ff"]
    ):
        # Two at a time, and in another order than by title.
        await tasks.add(new_task(title=title, minutes=-number // 3))
        added = await tasks.add(new_task(title=title, minutes=-number // 3))
        await tasks.update("ada", added.id, toggled)
    whole = await tasks.list("ada", status, order)
    for limit in (1, 3, len(whole) - 1, len(whole), len(whole) + 1):
        assert [page.tasks for page in await pages(tasks, status, order, limit)] == [
            whole[start : start + limit] for start in range(0, len(whole), limit)
        ]


@pytest.mark.parametrize("order", SortOrder)
async def test_a_page_continues_at_its_position_even_if_earlier_tasks_change(
    tasks: TaskRepository, order: SortOrder
) -> None:
    added = [await tasks.add(new_task(title=title, minutes=n)) for n, title in enumerate("aBcdE")]
    first = await tasks.page("ada", StatusFilter.PENDING, order, limit=2)
    assert first.end == order.position(added[1])
    await tasks.delete("ada", added[1].id)
    await tasks.update("ada", added[0].id, toggled)
    await tasks.add(new_task(title="A", minutes=0))
    second = await tasks.page("ada", StatusFilter.PENDING, order, limit=2, after=first.end)
    assert second.tasks == added[2:4]
    last = await tasks.page("ada", StatusFilter.PENDING, order, limit=2, after=second.end)
    assert last == ([added[4]], None)
    beyond = order.position(added[4])
    assert await tasks.page("ada", StatusFilter.ALL, order, limit=2, after=beyond) == ([], None)


@pytest.mark.parametrize("order", SortOrder)
async def test_a_position_is_good_for_any_user_and_shows_no_others_tasks(
    tasks: TaskRepository, order: SortOrder
) -> None:
    adas = [await tasks.add(new_task(title=title, minutes=n)) for n, title in enumerate("bdf")]
    bobs = await tasks.add(new_task("bob", title="c", minutes=1))
    for owner, expected in (("ada", adas[1:]), ("bob", [bobs]), ("eve", [])):
        page = await tasks.page(
            owner, StatusFilter.ALL, order, limit=9, after=order.position(adas[0])
        )
        assert page == (expected, None)


@pytest.mark.parametrize("order", SortOrder)
async def test_a_list_of_several_pieces_is_whole_and_in_order(
    tasks: TaskRepository, order: SortOrder
) -> None:
    number = 2 * PIECE + 7
    for start in range(0, number, 50):
        await asyncio.gather(
            *(
                tasks.add(new_task(title=f"Task {i * 7 % 100}", minutes=i * 11 % 60))
                for i in range(start, min(start + 50, number))
            )
        )
    listed = await tasks.list("ada", StatusFilter.ALL, order)
    assert len({task.id for task in listed}) == number
    assert listed == order.arrange(listed)


async def test_the_fingerprint_identifies_the_list(tasks: TaskRepository) -> None:
    await tasks.add(new_task("bob"))
    for minutes in (5, 0):
        await tasks.add(new_task(minutes=minutes))
    last = await tasks.add(new_task(minutes=2))
    await tasks.update("ada", last.id, toggled)
    for status in StatusFilter:
        for order in SortOrder:
            listed = await tasks.list("ada", status, order)
            assert await tasks.fingerprint("ada", status) == fingerprint(listed)
    assert await tasks.fingerprint("eve", StatusFilter.ALL) == fingerprint([])


async def test_a_condition_is_checked_before_a_task_is_removed(tasks: TaskRepository) -> None:
    added = await tasks.add(new_task())
    asked = []

    class Refused(Exception):
        pass

    def refuse(task: Task) -> None:
        asked.append(task)
        raise Refused

    with pytest.raises(Refused):
        await tasks.delete("ada", added.id, refuse)
    assert asked == [await tasks.get("ada", added.id)] == [added]
    for owner, number in (("bob", added.id), ("ada", added.id + 1), ("ada", 2**63)):
        with pytest.raises(TaskNotFound):
            await tasks.delete(owner, number, asked.append)
    assert asked == [added]
    await tasks.delete("ada", added.id, asked.append)
    assert await everything(tasks, "ada") == []


async def test_a_condition_and_the_removal_are_one_step(tasks: TaskRepository) -> None:
    class Refused(Exception):
        pass

    def unless_completed(task: Task) -> None:
        if task.completed:
            raise Refused

    for _ in range(10):
        added = await tasks.add(new_task())
        removal, change = await asyncio.gather(
            tasks.delete("ada", added.id, unless_completed),
            tasks.update("ada", added.id, toggled),
            return_exceptions=True,
        )
        # The operation that ran second has seen the first.
        assert isinstance(removal, Refused) is isinstance(change, Task)
