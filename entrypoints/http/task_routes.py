"""The operations on a user's tasks."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import FastAPI, Header, Path, Query, Request, Response
from pydantic import MISSING, BeforeValidator

from application.use_cases.task_use_cases import TaskUseCases
from domain.errors import RuleViolation
from domain.listing import SortOrder, StatusFilter
from domain.task import UNCHANGED
from entrypoints.http.compression import accepts_gzip
from entrypoints.http.entity_tags import versions
from entrypoints.http.openapi import errors, listed, tagged, unchanged
from entrypoints.http.paging import AFTER, link_to_next, path_of, position_of
from entrypoints.http.request_errors import InvalidRequest
from entrypoints.http.schemas import TaskCompletion, TaskCreate, TaskResponse, TaskUpdate
from entrypoints.http.task_lists import PAGE_MAX, ListRequest, TaskLists
from entrypoints.http.task_responses import task_response, unless_known

_TASKS: Final = "/api/{user_id}/tasks"
_TASK: Final = f"{_TASKS}/{{task_id}}"

_TOGGLE: Final = TaskCompletion()


def _canonical_number(text: str) -> str | None:
    # Each task has one path: no sign, no leading zero, only ASCII digits.
    is_canonical = text.isascii() and text.isdecimal() and not text.startswith("0")
    return text if is_canonical else None


UserId = Annotated[
    str, Path(description="The user's id: the token's `sub`.", examples=["k3Yv0ZbS7mQdW1nT"])
]
TaskId = Annotated[int, BeforeValidator(_canonical_number), Path(description="The task's number.")]

IfNoneMatch = Annotated[
    str | None,
    Header(
        description="The tags that the client has: the response is 304 if one of them still holds."
    ),
]
AcceptEncoding = Annotated[str, Header(include_in_schema=False)]
IfMatch = Annotated[
    str | None,
    Header(
        description="Do nothing, and return 412, unless the task still has one of these tags. "
        "A task's tag is its `updated_at` in double quotes."
    ),
]


def add_task_routes(app: FastAPI, use_cases: TaskUseCases) -> None:
    """Add the routes under ``/api/{user_id}/tasks``.

    The most frequent come first, because routes are matched in order.
    """
    lists = TaskLists(use_cases)

    @app.get(
        _TASKS,
        tags=["tasks"],
        operation_id="list_tasks",
        summary="List a user's tasks",
        response_model=list[TaskResponse],
        responses=listed() | errors(401, 403, 422, 500),
    )
    async def list_tasks(  # noqa: PLR0913, PLR0917 - what a request may say
        request: Request,
        user_id: UserId,
        status: Annotated[StatusFilter, Query(description="Which tasks.")] = StatusFilter.ALL,
        sort: Annotated[
            SortOrder,
            Query(description="Oldest first, or by title regardless of case or accents."),
        ] = SortOrder.CREATED,
        limit: Annotated[
            int | None,
            Query(
                ge=1,
                le=PAGE_MAX,
                description="Most tasks of the response, whose Link names the next page if others "
                "follow. Without it, all tasks are returned.",
            ),
        ] = None,
        after: Annotated[
            str | None, Query(description="Where the page begins: from the Link of another page.")
        ] = None,
        if_none_match: IfNoneMatch = None,
        accept_encoding: AcceptEncoding = "",
    ) -> Response:
        if after is not None and limit is None:
            message = f"limit is required with {AFTER}"
            raise InvalidRequest([RuleViolation("limit", "missing", message)])
        asked = ListRequest(
            owner=user_id,
            status=status,
            order=sort,
            limit=limit,
            after=None if after is None else position_of(after, sort),
            link_to_next=partial(link_to_next, request.scope, sort),
            if_none_match=if_none_match,
            compressed=accepts_gzip(accept_encoding),
            head=request.method == "HEAD",
        )
        return await lists.response(asked)

    @app.get(
        _TASK,
        tags=["tasks"],
        operation_id="get_task",
        summary="Get a task",
        response_model=TaskResponse,
        responses=tagged(200) | unchanged() | errors(401, 403, 404, 422, 500),
    )
    async def get_task(
        user_id: UserId, task_id: TaskId, if_none_match: IfNoneMatch = None
    ) -> Response:
        task = await use_cases.get(owner=user_id, task_id=task_id)
        return task_response(task) if if_none_match is None else unless_known(task, if_none_match)

    @app.patch(
        f"{_TASK}/complete",
        tags=["tasks"],
        operation_id="toggle_task",
        summary="Complete a task, or reopen it",
        description="Without a body, or with `{}`, each request flips the task's state. With "
        "`completed`, the state is set, and a request can be repeated.",
        response_model=TaskResponse,
        responses=tagged(200) | errors(400, 401, 403, 404, 412, 413, 415, 422, 500),
    )
    async def toggle_task(
        user_id: UserId, task_id: TaskId, body: TaskCompletion = _TOGGLE, if_match: IfMatch = None
    ) -> Response:
        seen = versions(if_match)
        if body.completed is MISSING:
            task = await use_cases.toggle(owner=user_id, task_id=task_id, seen=seen)
        else:
            task = await use_cases.edit(
                owner=user_id, task_id=task_id, completed=body.completed, seen=seen
            )
        return task_response(task)

    @app.put(
        _TASK,
        tags=["tasks"],
        operation_id="update_task",
        summary="Change a task",
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
            completed=UNCHANGED if body.completed is MISSING else body.completed,
            seen=versions(if_match),
        )
        return task_response(task)

    @app.post(
        _TASKS,
        tags=["tasks"],
        operation_id="create_task",
        summary="Create a task",
        status_code=201,
        response_model=TaskResponse,
        responses=tagged(201, location=True) | errors(400, 401, 403, 409, 413, 415, 422, 500),
    )
    async def create_task(request: Request, user_id: UserId, body: TaskCreate) -> Response:
        task = await use_cases.create(owner=user_id, title=body.title, description=body.description)
        location = f"{path_of(request.scope).removesuffix('/')}/{task.id}"
        return task_response(task, HTTPStatus.CREATED, {"Location": location})

    @app.delete(
        _TASK,
        tags=["tasks"],
        operation_id="delete_task",
        summary="Delete a task for good",
        status_code=204,
        responses=errors(401, 403, 404, 412, 422, 500),
    )
    async def delete_task(user_id: UserId, task_id: TaskId, if_match: IfMatch = None) -> Response:
        await use_cases.delete(owner=user_id, task_id=task_id, seen=versions(if_match))
        return Response(status_code=HTTPStatus.NO_CONTENT)
