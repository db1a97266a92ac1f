"""Read a request's JSON body, up to a limit."""

import json
import re
from http import HTTPStatus
from itertools import accumulate
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from domain.errors import RuleViolation
from domain.text import is_storable
from entrypoints.http.request_errors import (
    BodyTooLarge,
    BodyTooLargeToDrain,
    EmptyBody,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
)

BODY_MAX: Final = 64 * 1024
"""Longest body, in bytes."""

DRAINED_MAX: Final = 16 * BODY_MAX
"""Longest refused body, in bytes, that a client may finish sending."""

DEPTH_MAX: Final = 100
"""Deepest nesting of lists and objects. Python's own limit depends on its version and the stack."""

NOT_JSON: Final = "The body is not valid JSON"
BODY_TOO_LARGE: Final = f"The body must have at most {BODY_MAX} bytes"


def parse_json(content: bytes, content_type: str) -> Any:
    """Return the JSON document in a body.

    Raises EmptyBody, MalformedBody, UnsupportedMediaType, and InvalidRequest for member names that
    cannot be stored.
    """
    if not content:
        raise EmptyBody("The body is empty; a JSON object is expected")
    if not _is_json(content_type):
        raise UnsupportedMediaType("the Content-Type does not say JSON")
    document = _parse(content)
    if isinstance(document, dict) and not is_storable("".join(document)):
        message = "body must not hold a name with U+0000 or a lone surrogate"
        raise InvalidRequest([RuleViolation("body", "characters", message)])
    return document


def limited(receive: Receive) -> Receive:
    """Return ``receive`` limited to BODY_MAX bytes, for bodies that FastAPI reads."""
    received = 0

    async def limited_receive() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_MAX:
            # FastAPI turns any other exception into a 400.
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            raise HTTPException(status, BODY_TOO_LARGE, {"Connection": "close"})
        return message

    return limited_receive


async def read_body(request: Request) -> bytes:
    """Return the body. Raises BodyTooLarge if it has more than BODY_MAX bytes."""
    digits = dict(request.scope["headers"]).get(b"content-length", b"")
    # A float, because Python refuses to convert an integer of more than 4,300 digits.
    declared = float(digits) if digits.isdigit() else 0
    if declared > BODY_MAX:
        kind = BodyTooLargeToDrain if declared > DRAINED_MAX else BodyTooLarge
        raise kind(BODY_TOO_LARGE)
    content = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect("the body was not complete")
        content += message.get("body", b"")
        if len(content) > BODY_MAX:
            raise BodyTooLargeToDrain(BODY_TOO_LARGE)
        if not message.get("more_body", False):
            return bytes(content)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _parse(content: bytes) -> Any:
    try:
        if _is_too_deep(content):
            raise MalformedBody(NOT_JSON)
        # Decoded here because json would accept UTF-16 and UTF-32, too. Integers become floats
        # because Python refuses to convert one of more than 4,300 digits; no field is a number.
        return json.loads(content.decode(), parse_constant=_reject, parse_int=float)
    except ValueError as error:
        raise MalformedBody(NOT_JSON) from error


_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _is_too_deep(content: bytes) -> bool:
    if content.count(b"[") + content.count(b"{") <= DEPTH_MAX:
        return False
    brackets = _STRINGS.sub(b"", content).translate(None, _OTHERS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEPTH_MAX


def _reject(_constant: str) -> None:
    raise MalformedBody(NOT_JSON)
