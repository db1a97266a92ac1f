"""The operations on a user's tasks."""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.security import HTTPBearer
from pydantic import MISSING, BeforeValidator

from application.ports.token_verifier import TokenVerifier
from application.use_cases.task_use_cases import TaskUseCases
from domain.listing import SortOrder, StatusFilter
from domain.task import UNCHANGED
from entrypoints.http.answers import accepts_gzip, list_answer, task_answer, unchanged_answer
from entrypoints.http.entity_tags import known_tag, list_tag, task_tag, versions
from entrypoints.http.openapi import errors, tagged, unchanged
from entrypoints.http.owned_route import owned_route
from entrypoints.http.schemas import TaskCreate, TaskResponse, TaskUpdate


def _canonical_number(text: str | None) -> str | None:
    # One task has one path: no sign, no leading zero, no digits but ASCII's.
    if text is not None and text.isascii() and text.isdecimal() and not text.startswith("0"):
        return text
    return None


UserId = Annotated[
    str, Path(description="The user's id: the token's `sub`.", examples=["k3Yv0ZbS7mQdW1nT"])
]
TaskId = Annotated[int, BeforeValidator(_canonical_number), Path(description="The task's number.")]

IfNoneMatch = Annotated[
    str | None,
    Header(description="The tags of what the client has: 304 when one of them still holds."),
]
IfMatch = Annotated[
    str | None,
    Header(
        description="Do nothing (412) unless the task still has one of these tags. A task's tag "
        "is its `updated_at` in double quotes."
    ),
]

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
        response_model=list[TaskResponse],
        responses=tagged(200) | unchanged() | errors(401, 403, 422, 500),
    )
    async def list_tasks(
        user_id: UserId,
        status: Annotated[StatusFilter, Query(description="Which tasks.")] = StatusFilter.ALL,
        sort: Annotated[
            SortOrder, Query(description="Oldest first, or by title regardless of case.")
        ] = SortOrder.CREATED,
        if_none_match: IfNoneMatch = None,
        accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        if if_none_match is not None:
            found = await use_cases.fingerprint(owner=user_id, status=status)
            tags = [list_tag(found, sort, compressed=compressed) for compressed in (False, True)]
            if known := known_tag(tags, if_none_match):
                return unchanged_answer(known)
        tasks = await use_cases.list(owner=user_id, status=status, order=sort)
        return list_answer(tasks, sort, accepts_gzip=accepts_gzip(accept_encoding))

    @router.post(
        "",
        operation_id="create_task",
        summary="Create a task",
        status_code=201,
        response_model=TaskResponse,
        responses=tagged(201, location=True) | errors(400, 401, 403, 413, 415, 422, 500),
    )
    async def create_task(user_id: UserId, body: TaskCreate) -> Response:
        task = await use_cases.create(owner=user_id, title=body.title, description=body.description)
        location = f"/api/{quote(user_id, safe='')}/tasks/{task.id}"
        return task_answer(task, HTTPStatus.CREATED, {"Location": location})

    @router.get(
        "/{task_id}",
        operation_id="get_task",
        summary="Get a task",
        response_model=TaskResponse,
        responses=tagged(200) | unchanged() | errors(401, 403, 404, 422, 500),
    )
    async def get_task(
        user_id: UserId, task_id: TaskId, if_none_match: IfNoneMatch = None
    ) -> Response:
        task = await use_cases.get(owner=user_id, task_id=task_id)
        known = known_tag([task_tag(task)], if_none_match)
        return unchanged_answer(known) if known else task_answer(task)

    @router.put(
        "/{task_id}",
        operation_id="update_task",
        summary="Change a task's title or description",
        response_model=TaskResponse,
        responses=tagged(200) | errors(400, 401, 403, 404, 412, 413, 415, 422, 500),
    )
    async def update_task(
        user_id: UserId, task_id: TaskId, body: TaskUpdate, if_match: IfMatch = None
    ) -> Response:
        task = await use_cases.edit(
            owner=user_id,
            task_id=task_id,
            title=UNCHANGED if body.title is MISSING else body.title,
            description=UNCHANGED if body.description is MISSING else body.description,
            seen=versions(if_match),
        )
        return task_answer(task)

    @router.patch(
        "/{task_id}/complete",
        operation_id="toggle_task",
        summary="Complete a task, or reopen it",
        response_model=TaskResponse,
        responses=tagged(200) | errors(401, 403, 404, 412, 422, 500),
    )
    async def toggle_task(user_id: UserId, task_id: TaskId, if_match: IfMatch = None) -> Response:
        task = await use_cases.toggle(owner=user_id, task_id=task_id, seen=versions(if_match))
        return task_answer(task)

    @router.delete(
        "/{task_id}",
        operation_id="delete_task",
        summary="Delete a task for good",
        status_code=204,
        responses=errors(401, 403, 404, 412, 422, 500),
    )
    async def delete_task(user_id: UserId, task_id: TaskId, if_match: IfMatch = None) -> Response:
        await use_cases.delete(owner=user_id, task_id=task_id, seen=versions(if_match))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return router
