"""Reading a JSON body from whoever may have sent it."""

import json
import sys
from math import inf
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from domain.errors import RuleViolation
from domain.text import is_storable
from entrypoints.http.errors import (
    BODY_MAX,
    BodyTooLarge,
    EndlessBody,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
)

_PASSING_MAX: Final = 1024 * 1024
"""Longest body, in bytes, that a client may finish sending after it has been refused."""


async def read_json(request: Request) -> Any:
    """The body's JSON document.

    Raises BodyTooLarge, having read no more than that, MalformedBody, UnsupportedMediaType,
    and InvalidRequest for member names that nothing could store.
    """
    content = await _read(request)
    if not content:
        raise MalformedBody("The body is empty; a JSON object is expected")
    if not _says_json(request.headers.get("content-type", "")):
        raise UnsupportedMediaType
    document = _parse(content)
    if isinstance(document, dict) and not all(map(is_storable, document)):
        message = "body must not hold a name with U+0000 or a lone surrogate"
        raise InvalidRequest([RuleViolation("body", "characters", message)])
    return document


async def _read(request: Request) -> bytes:
    declared = _declared_length(request)
    if declared is not None and declared > BODY_MAX:
        raise EndlessBody if declared > _PASSING_MAX else BodyTooLarge
    content = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        if len(content) > BODY_MAX:
            raise EndlessBody
        if not message.get("more_body", False):
            return bytes(content)


def _declared_length(request: Request) -> float | None:
    digits = request.headers.get("content-length", "")
    return _integer(digits) if digits.isdecimal() else None


def _says_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _parse(content: bytes) -> Any:
    try:
        # Decoded here because json would guess UTF-16 and UTF-32, too.
        return json.loads(content.decode(), parse_constant=_reject, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise MalformedBody("The body is not valid JSON") from error


def _reject(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int | float:
    # Python refuses to convert more digits than this; no limit of ours is that far away.
    return int(digits) if len(digits) <= sys.int_info.default_max_str_digits else inf
