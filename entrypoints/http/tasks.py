"""The six operations on a user's tasks."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.security import HTTPBearer
from pydantic import MISSING, BeforeValidator

from application.ports.token_verifier import TokenVerifier
from application.use_cases.create_task import CreateTask
from application.use_cases.delete_task import DeleteTask
from application.use_cases.edit_task import EditTask
from application.use_cases.get_task import GetTask
from application.use_cases.list_tasks import ListTasks
from application.use_cases.toggle_task import ToggleTask
from domain.listing import SortOrder, StatusFilter
from domain.task import UNCHANGED
from entrypoints.http.openapi import errors
from entrypoints.http.owned_route import owned_route
from entrypoints.http.schemas import TaskCreate, TaskResponse, TaskUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUseCases:
    """What the routes call."""

    create: CreateTask
    list: ListTasks
    get: GetTask
    edit: EditTask
    toggle: ToggleTask
    delete: DeleteTask


def _canonical_number(text: str | None) -> str | None:
    # One task has one path: no sign, no leading zero, no digits but ASCII's.
    if text is not None and text.isascii() and text.isdecimal() and not text.startswith("0"):
        return text
    return None


UserId = Annotated[
    str, Path(description="The user's id: the token's `sub`.", examples=["k3Yv0ZbS7mQdW1nT"])
]
TaskId = Annotated[int, BeforeValidator(_canonical_number), Path(description="The task's number.")]

_BEARER: Final = Depends(
    HTTPBearer(
        bearerFormat="JWT",
        description="The token that Better Auth issues to the signed-in user.",
        auto_error=False,
    )
)


def tasks_router(use_cases: TaskUseCases, token_verifier: TokenVerifier) -> APIRouter:
    """The routes under ``/api/{user_id}/tasks``."""
    router = APIRouter(
        prefix="/api/{user_id}/tasks",
        tags=["tasks"],
        route_class=owned_route(token_verifier),
        # Names the security scheme in the document; OwnedRoute is what authenticates.
        dependencies=[_BEARER],
    )

    @router.get(
        "",
        operation_id="list_tasks",
        summary="List a user's tasks",
        responses=errors(401, 403, 422, 500),
    )
    async def list_tasks(
        user_id: UserId,
        status: Annotated[StatusFilter, Query(description="Which tasks.")] = StatusFilter.ALL,
        sort: Annotated[
            SortOrder, Query(description="Oldest first, or by title regardless of case.")
        ] = SortOrder.CREATED,
    ) -> list[TaskResponse]:
        tasks = await use_cases.list(owner=user_id, status=status, order=sort)
        return [TaskResponse.of(task) for task in tasks]

    @router.post(
        "",
        operation_id="create_task",
        summary="Create a task",
        status_code=201,
        responses=_location() | errors(400, 401, 403, 413, 415, 422, 500),
    )
    async def create_task(user_id: UserId, body: TaskCreate, response: Response) -> TaskResponse:
        task = await use_cases.create(owner=user_id, title=body.title, description=body.description)
        response.headers["Location"] = f"/api/{quote(user_id, safe='')}/tasks/{task.id}"
        return TaskResponse.of(task)

    @router.get(
        "/{task_id}",
        operation_id="get_task",
        summary="Get a task",
        responses=errors(401, 403, 404, 422, 500),
    )
    async def get_task(user_id: UserId, task_id: TaskId) -> TaskResponse:
        return TaskResponse.of(await use_cases.get(owner=user_id, task_id=task_id))

    @router.put(
        "/{task_id}",
        operation_id="update_task",
        summary="Change a task's title or description",
        responses=errors(400, 401, 403, 404, 413, 415, 422, 500),
    )
    async def update_task(user_id: UserId, task_id: TaskId, body: TaskUpdate) -> TaskResponse:
        task = await use_cases.edit(
            owner=user_id,
            task_id=task_id,
            title=UNCHANGED if body.title is MISSING else body.title,
            description=UNCHANGED if body.description is MISSING else body.description,
        )
        return TaskResponse.of(task)

    @router.patch(
        "/{task_id}/complete",
        operation_id="toggle_task",
        summary="Complete a task, or reopen it",
        responses=errors(401, 403, 404, 422, 500),
    )
    async def toggle_task(user_id: UserId, task_id: TaskId) -> TaskResponse:
        return TaskResponse.of(await use_cases.toggle(owner=user_id, task_id=task_id))

    @router.delete(
        "/{task_id}",
        operation_id="delete_task",
        summary="Delete a task for good",
        status_code=204,
        responses=errors(401, 403, 404, 422, 500),
    )
    async def delete_task(user_id: UserId, task_id: TaskId) -> None:
        await use_cases.delete(owner=user_id, task_id=task_id)

    return router


def _location() -> dict[int | str, dict[str, Any]]:
    header = {"description": "The new task's path.", "schema": {"type": "string"}}
    return {201: {"headers": {"Location": header}}}
