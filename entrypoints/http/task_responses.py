"""Successful responses that hold tasks."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Response

from domain.listing import SortOrder, fingerprint
from domain.task import Task
from entrypoints.http.entity_tags import known_tag, list_tag, task_tag
from entrypoints.http.task_json import encode_task

JSON: Final = "application/json"

# A shared cache must not reuse a response for another user or encoding. The CORS middleware adds
# Origin.
_VARY_TASK: Final = "Authorization"
_VARY_LIST: Final = "Authorization, Accept-Encoding"


def task_response(
    task: Task,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] = {},
) -> Response:
    """Return the response that holds one task."""
    headers = {**headers, "ETag": task_tag(task), "Vary": _VARY_TASK}
    return Response(encode_task(task), status, headers, JSON)


def unless_known(task: Task, if_none_match: str) -> Response:
    """Return the response that holds ``task``, or a 304 if the client has it."""
    known = known_tag([task_tag(task)], if_none_match)
    return task_response(task) if known is None else unchanged_response(known)


def list_response(
    tasks: list[Task], body: bytes, order: SortOrder, *, compressed: bool, link: str | None = None
) -> Response:
    """Return the response that holds a list.

    ``body`` is the list as JSON, perhaps compressed, and ``link`` the Link to the next page.
    """
    tag = list_tag(fingerprint(tasks), order, compressed=compressed, has_next=link is not None)
    return Response(body, HTTPStatus.OK, list_headers(tag, compressed=compressed, link=link), JSON)


def list_headers(tag: str, *, compressed: bool, link: str | None = None) -> dict[str, str]:
    """Return the headers of a list that describe its content."""
    encoding = {"Content-Encoding": "gzip"} if compressed else {}
    return {"Vary": _VARY_LIST, **encoding, "ETag": tag, **_linked(link)}


def unchanged_response(tag: str, link: str | None = None) -> Response:
    """Return the 304 for a client that already has the state with ``tag``."""
    headers = {"ETag": tag, "Vary": _VARY_LIST, **_linked(link)}
    return Response(None, HTTPStatus.NOT_MODIFIED, headers)


def _linked(link: str | None) -> dict[str, str]:
    return {} if link is None else {"Link": link}
