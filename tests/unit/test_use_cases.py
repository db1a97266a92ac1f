"""The use cases, on the memory repository: what is stored afterwards."""

from datetime import timedelta

import pytest

from adapters.memory.task_repository import MemoryTaskRepository
from application.errors import TaskLimitReached, TaskNotFound, UnknownUser
from application.use_cases.create_task import CreateTask
from application.use_cases.delete_task import DeleteTask
from application.use_cases.edit_task import EditTask
from application.use_cases.get_task import GetTask
from application.use_cases.list_tasks import ListTasks
from application.use_cases.page_tasks import PageTasks
from application.use_cases.toggle_task import ToggleTask
from domain.errors import InvalidTask
from domain.listing import SortOrder, StatusFilter
from domain.task import Task
from tests.clock import SettableClock


class Service:
    """All use cases on one repository."""

    def __init__(self) -> None:
        self.clock = SettableClock()
        self.repository = tasks = MemoryTaskRepository(users={"ada", "bob"})
        self.create = CreateTask(tasks=tasks, clock=self.clock)
        self.list = ListTasks(tasks=tasks)
        self.page = PageTasks(tasks=tasks)
        self.get = GetTask(tasks=tasks)
        self.edit = EditTask(tasks=tasks, clock=self.clock)
        self.toggle = ToggleTask(tasks=tasks, clock=self.clock)
        self.delete = DeleteTask(tasks=tasks)

    async def all_of(self, owner: str) -> list[Task]:
        return await self.list(owner=owner, status=StatusFilter.ALL, order=SortOrder.CREATED)


@pytest.fixture
def service() -> Service:
    return Service()


async def test_a_created_task_is_stored_with_the_clocks_time(service: Service) -> None:
    task = await service.create(owner="ada", title=" Buy milk ", description=None)
    assert task.title == "Buy milk"
    assert task.created_at == task.updated_at == service.clock.time
    assert await service.get(owner="ada", task_id=task.id) == task
    assert await service.all_of("ada") == [task]


async def test_an_invalid_task_is_not_stored(service: Service) -> None:
    with pytest.raises(InvalidTask):
        await service.create(owner="ada", title="", description=None)
    assert await service.all_of("ada") == []


async def test_an_unknown_user_cannot_own_a_task(service: Service) -> None:
    with pytest.raises(UnknownUser):
        await service.create(owner="eve", title="Buy milk", description=None)


async def test_an_edit_is_stored_with_the_clocks_time(service: Service) -> None:
    task = await service.create(owner="ada", title="Buy milk", description="Two litres")
    service.clock.time += timedelta(hours=1)
    edited = await service.edit(owner="ada", task_id=task.id, title="Buy oat milk")
    assert (edited.title, edited.description) == ("Buy oat milk", "Two litres")
    assert edited.updated_at == service.clock.time
    assert await service.get(owner="ada", task_id=task.id) == edited


async def test_an_invalid_edit_stores_nothing(service: Service) -> None:
    task = await service.create(owner="ada", title="Buy milk", description=None)
    with pytest.raises(InvalidTask):
        await service.edit(owner="ada", task_id=task.id, title="Fine", description="x" * 1001)
    assert await service.get(owner="ada", task_id=task.id) == task


async def test_a_toggle_is_stored(service: Service) -> None:
    task = await service.create(owner="ada", title="Buy milk", description=None)
    toggled = await service.toggle(owner="ada", task_id=task.id)
    assert toggled.completed
    assert await service.get(owner="ada", task_id=task.id) == toggled


async def test_a_deleted_task_is_not_found(service: Service) -> None:
    task = await service.create(owner="ada", title="Buy milk", description=None)
    await service.delete(owner="ada", task_id=task.id)
    assert await service.all_of("ada") == []


async def test_another_users_task_is_not_found(service: Service) -> None:
    task = await service.create(owner="bob", title="Buy milk", description=None)
    with pytest.raises(TaskNotFound):
        await service.get(owner="ada", task_id=task.id)
    with pytest.raises(TaskNotFound):
        await service.edit(owner="ada", task_id=task.id, title="Mine")
    with pytest.raises(TaskNotFound):
        await service.toggle(owner="ada", task_id=task.id)
    with pytest.raises(TaskNotFound):
        await service.delete(owner="ada", task_id=task.id)
    assert await service.all_of("ada") == []
    assert await service.all_of("bob") == [task]


async def test_creating_more_tasks_than_a_user_may_have_is_refused(service: Service) -> None:
    create = CreateTask(tasks=service.repository, clock=service.clock, task_limit=1)
    await create(owner="ada", title="First", description=None)
    with pytest.raises(TaskLimitReached):
        await create(owner="ada", title="Second", description=None)
    await create(owner="bob", title="First", description=None)
    assert [task.title for task in await service.all_of("ada")] == ["First"]


async def test_a_list_can_be_read_page_by_page(service: Service) -> None:
    for title in ("c", "b", "a"):
        await service.create(owner="ada", title=title, description=None)
    titles, after = [], None
    for end in (True, False):
        page = await service.page(
            owner="ada", status=StatusFilter.ALL, order=SortOrder.TITLE, limit=2, after=after
        )
        titles.append([task.title for task in page.tasks])
        assert (page.end is not None) is end
        after = page.end
    assert titles == [["a", "b"], ["c"]]
