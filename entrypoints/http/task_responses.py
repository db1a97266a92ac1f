"""Successful responses that hold tasks."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from fastapi import Response

from domain.listing import SortOrder, fingerprint
from domain.task import Task
from entrypoints.http.compression import GZIP_MIN, Gzip
from entrypoints.http.entity_tags import list_tag, task_tag
from entrypoints.http.task_json import encode_task

JSON: Final = "application/json"

# No shared cache may answer one user, origin or decoder with what another was sent. The CORS
# middleware adds Origin.
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


async def list_response(
    tasks: list[Task], body: bytes, order: SortOrder, *, accepts_gzip: bool, link: str | None = None
) -> Response:
    """Return the response that holds a list, compressed if that is accepted and worth it.

    ``body`` is the list as JSON, and ``link`` the Link to the next page.
    """
    is_compressed = accepts_gzip and len(body) >= GZIP_MIN
    if is_compressed:
        gzip = Gzip()
        body = await gzip.compress(body) + gzip.flush()
    tag = list_tag(fingerprint(tasks), order, compressed=is_compressed, has_next=link is not None)
    headers = list_headers(tag, compressed=is_compressed, link=link)
    return Response(body, HTTPStatus.OK, headers, JSON)


def list_headers(tag: str, *, compressed: bool, link: str | None = None) -> dict[str, str]:
    """Return the headers of a list that describe its content."""
    encoding = {"Content-Encoding": "gzip"} if compressed else {}
    return {"Vary": _VARY_LIST, **encoding, "ETag": tag, **_linked(link)}


def unchanged_response(tag: str, link: str | None = None) -> Response:
    """Return the response for a client that has already what ``tag`` stands for."""
    headers = {"ETag": tag, "Vary": _VARY_LIST, **_linked(link)}
    return Response(None, HTTPStatus.NOT_MODIFIED, headers)


def _linked(link: str | None) -> dict[str, str]:
    return {} if link is None else {"Link": link}
