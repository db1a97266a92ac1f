"""All use cases in one object."""

from dataclasses import dataclass

from application.use_cases.create_task import CreateTask
from application.use_cases.delete_task import DeleteTask
from application.use_cases.edit_task import EditTask
from application.use_cases.fingerprint_list import FingerprintList
from application.use_cases.get_task import GetTask
from application.use_cases.list_tasks import ListTasks
from application.use_cases.page_tasks import PageTasks
from application.use_cases.toggle_task import ToggleTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUseCases:
    """The use cases that an entrypoint calls."""

    create: CreateTask
    list: ListTasks
    page: PageTasks
    fingerprint: FingerprintList
    get: GetTask
    edit: EditTask
    toggle: ToggleTask
    delete: DeleteTask
