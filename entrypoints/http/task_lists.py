"""Responses that hold lists. Long lists are made and sent in pieces, between other requests."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Response
from starlette.types import Receive, Scope, Send

from application.arranging import LONG
from application.errors import Unavailable
from application.use_cases.task_use_cases import TaskUseCases
from domain.listing import Fingerprint, Page, Position, SortOrder, StatusFilter, fingerprint
from entrypoints.http.compression import GZIP_MIN, Gzip
from entrypoints.http.entity_tags import known_tag, list_tag
from entrypoints.http.freed_memory import return_freed_memory
from entrypoints.http.list_places import ListPlaces, Place
from entrypoints.http.task_json import encode_tasks
from entrypoints.http.task_responses import (
    JSON,
    list_headers,
    list_response,
    unchanged_response,
)

PAGE_MAX: Final = LONG
"""Most tasks of a page. A page is read in one step, and encoded in one unless it is large."""

_LARGE: Final = 1024 * 1024
"""Bytes of JSON above which a list of few tasks is treated as a long one: many such lists at a
time, for slow clients, would fill the memory.
"""

_PIECE: Final = 50
"""Tasks of a long list that are encoded at a time: 200 KB, if they are the longest."""

_SENT_AT_ONCE: Final = 64 * 1024
"""Bytes that are passed to the server at a time."""

_WITHIN_SECONDS: Final = 6.5
"""Time for a request for a long list, from its token to the response. With 3 s for a token's key
set, it is answered within 10 s."""

logger = logging.getLogger(__name__)


class ListRequest(NamedTuple):
    """A request for a list."""

    owner: str
    status: StatusFilter
    order: SortOrder
    limit: int | None
    """Most tasks of the requested page; None means all tasks."""
    after: Position | None
    """Position after which the page begins."""
    link_to_next: Callable[[Position], str]
    """Returns the Link of a page that ends at a position."""
    if_none_match: str | None
    compressed: bool
    """Whether the client accepts gzip."""
    head: bool
    """Whether the method is HEAD: the response has no body."""

    def link(self, end: Position | None) -> str | None:
        """Return the Link to the next page, if a page was requested and others follow ``end``."""
        return None if self.limit is None or end is None else self.link_to_next(end)

    def known_tag(self, found: str, link: str | None = None) -> str | None:
        """Return the tag of the list with the fingerprint ``found``, if the client has it."""
        if self.if_none_match is None:
            return None
        tags = [
            list_tag(found, self.order, compressed=coded, has_next=link is not None)
            for coded in (False, True)
        ]
        return known_tag(tags, self.if_none_match)


class TaskLists:
    """Makes the lists of one process: two long ones at a time, one per user, users in turn."""

    def __init__(self, use_cases: TaskUseCases) -> None:
        self._use_cases = use_cases
        self.places = ListPlaces()

    async def response(self, asked: ListRequest) -> Response:
        """Return the response to a request. Raises StorageUnavailable."""
        deadline = asyncio.get_running_loop().time() + _WITHIN_SECONDS
        is_page = asked.limit is not None
        if asked.if_none_match is not None and not is_page:
            known = asked.known_tag(await self._fingerprint(asked))
            if known is not None:
                return unchanged_response(known)
        tasks, end = await self._page(asked, asked.limit or LONG)
        link = asked.link(end)
        if asked.if_none_match is not None and is_page:
            known = asked.known_tag(fingerprint(tasks), link)
            if known is not None:
                return unchanged_response(known, link)
        if is_page or end is None:
            body = encode_tasks(tasks)
            if len(body) <= _LARGE:
                is_compressed = asked.compressed and len(body) >= GZIP_MIN
                if is_compressed:
                    gzip = Gzip()
                    body = await gzip.compress(body) + gzip.flush()
                return list_response(tasks, body, asked.order, compressed=is_compressed, link=link)
        if not asked.head:
            return _LongListResponse(self, asked, deadline)
        found = fingerprint(tasks) if is_page else await self._fingerprint(asked)
        response = Response(headers=_headers(asked, found, link), media_type=JSON)
        # Starlette's 0 would be wrong, and the length is only known once the list is made.
        del response.headers["Content-Length"]
        return response

    def _fingerprint(self, asked: ListRequest) -> Awaitable[str]:
        return self._use_cases.fingerprint(owner=asked.owner, status=asked.status)

    def _page(self, asked: ListRequest, limit: int) -> Awaitable[Page]:
        return self._use_cases.page(
            owner=asked.owner,
            status=asked.status,
            order=asked.order,
            limit=limit,
            after=asked.after,
        )

    async def read(self, asked: ListRequest) -> Page:
        """Return the requested tasks. Raises StorageUnavailable."""
        if asked.limit is not None:
            return await self._page(asked, asked.limit)
        tasks = await self._use_cases.list(
            owner=asked.owner, status=asked.status, order=asked.order
        )
        return Page(tasks, None)


def _headers(asked: ListRequest, found: str, link: str | None) -> dict[str, str]:
    tag = list_tag(found, asked.order, compressed=asked.compressed, has_next=link is not None)
    return list_headers(tag, compressed=asked.compressed, link=link)


class _LongListResponse(Response):
    """A response that makes its list when it is sent, in one of the ListPlaces."""

    def __init__(self, lists: TaskLists, asked: ListRequest, deadline: float) -> None:
        super().__init__(media_type=JSON)
        self._lists = lists
        self._asked = asked
        self._deadline = deadline
        self._is_made = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the list and send it. Raises Unavailable if that fails or takes too long."""
        deadline = asyncio.timeout_at(self._deadline)
        try:
            async with (
                deadline,
                self._lists.places.place(self._asked.owner, deadline) as place,
            ):
                content = await self._make()
                self._is_made = True
                place.made(sum(map(len, content)))
                await self._send(content, send, place)
        except TimeoutError:
            if not deadline.expired():
                raise
            if not self._is_made:
                raise Unavailable("no turn, or no time, to make a long list") from None
            # The server closes the connection of a response that is not complete.
            logger.warning(
                "a list was cut off: its client read slowly, and other lists had to wait"
            )
        return_freed_memory()

    async def _make(self) -> deque[bytes]:
        """Return the body in pieces, and set the headers that depend on it."""
        compressed = self._asked.compressed
        listed, end = await self._lists.read(self._asked)
        tasks = deque(listed)
        del listed
        seen = Fingerprint()
        gzip = Gzip() if compressed else None
        content: deque[bytes] = deque()
        opening = b"["
        while tasks:
            # Removed from the deque, each piece is freed once it is encoded.
            piece = [tasks.popleft() for _ in range(min(_PIECE, len(tasks)))]
            seen.add(piece)
            encoded = opening + encode_tasks(piece)[1:-1]
            content.append(await gzip.compress(encoded) if gzip else encoded)
            opening = b","
            await asyncio.sleep(0)
        # The list may have become empty since the request arrived.
        closing = b"]" if opening == b"," else b"[]"
        content.append(await gzip.compress(closing) + gzip.flush() if gzip else closing)
        link = self._asked.link(end)
        self.headers.update(_headers(self._asked, seen.hexdigest(), link))
        self.headers["Content-Length"] = str(sum(map(len, content)))
        return content

    async def _send(self, content: deque[bytes], send: Send, place: Place) -> None:
        await send(
            {"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers}
        )
        while content:
            piece = content.popleft()
            for start in range(0, len(piece), _SENT_AT_ONCE):
                part = piece[start : start + _SENT_AT_ONCE]
                await send({"type": "http.response.body", "body": part, "more_body": True})
                place.sent(len(part))
                await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})
