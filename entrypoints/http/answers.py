"""How tasks look on the wire: their bytes, their tags, their encoding."""

import gzip
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import Response

from domain.listing import SortOrder, fingerprint
from domain.task import Task
from entrypoints.http.entity_tags import list_tag, task_tag

GZIP_MIN: Final = 1024
"""Shortest list, in bytes, that is worth compressing."""

# Higher levels save a tenth of the bytes for two to five times the processor time.
_GZIP_LEVEL: Final = 1

# No shared cache may answer one user, origin or decoder with what another was sent. The origin is
# added by the layer that answers by it.
_VARY_TASK: Final = "Authorization"
_VARY_LIST: Final = "Authorization, Accept-Encoding"

# Task and TaskResponse have the same fields; this way no second object is made per task. pydantic
# would take four times as long, almost a third of a long list.
_encode: Final = msgspec.json.Encoder().encode

_NO_WEIGHT: Final = re.compile(r"q\s*=\s*0(\.0*)?")

# Quotes within a text are escaped, so that this is no part of any.
_WHOLE_SECOND: Final = re.compile(rb'("(?:created|updated)_at":"[^"]{19})Z"')


def task_answer(
    task: Task,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] = {},
) -> Response:
    """One task."""
    body = _exact(_encode(task), [task])
    return Response(
        body, status, {**headers, "ETag": task_tag(task), "Vary": _VARY_TASK}, "application/json"
    )


def list_answer(tasks: list[Task], order: SortOrder, *, accepts_gzip: bool) -> Response:
    """A list of tasks, compressed when that is accepted and worth it."""
    body = _exact(_encode(tasks), tasks)
    headers = {"Vary": _VARY_LIST}
    compressed = accepts_gzip and len(body) >= GZIP_MIN
    if compressed:
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = list_tag(fingerprint(tasks), order, compressed=compressed)
    return Response(body, HTTPStatus.OK, headers, "application/json")


def unchanged_answer(tag: str) -> Response:
    """The client already has what ``tag`` stands for."""
    return Response(None, HTTPStatus.NOT_MODIFIED, {"ETag": tag, "Vary": _VARY_LIST})


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows for gzip by name (RFC 9110, 12.5.3)."""
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return _NO_WEIGHT.fullmatch(weight.strip()) is None
    return False


def _exact(body: bytes, tasks: list[Task]) -> bytes:
    # msgspec leaves out a fraction of zero.
    if all(task.created_at.microsecond and task.updated_at.microsecond for task in tasks):
        return body
    return _WHOLE_SECOND.sub(rb'\1.000000Z"', body)
