"""Pages of a list: limit, after, and the Link to the next page."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from hypothesis import given
from hypothesis import strategies as st

from domain.listing import Position, SortOrder
from domain.text import is_storable
from entrypoints.http.paging import cursor, position_of
from entrypoints.http.request_errors import InvalidRequest
from tests.clock import SettableClock
from tests.http.conftest import ORIGIN

pytestmark = pytest.mark.conformance

TASKS = "/api/ada/tasks"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
# Hypothesis requires limits without a time zone and adds one to each value.
moments = st.datetimes(timezones=st.just(UTC))
keys = st.text().filter(is_storable)
numbers = st.integers(1, 2**63 - 1)

Create = Callable[..., Any]


def next_of(response: Response) -> str | None:
    """The URL in a Link header, which is all that a client needs."""
    link = response.headers.get("Link")
    if link is None:
        return None
    found = re.fullmatch(r'<([!-;=?-~]+)>; rel="next"', link)
    assert found, link
    return found[1]


async def pages(client: AsyncClient, first: str) -> list[Response]:
    found, url = [], first
    while url:
        found.append(await client.get(url))
        assert found[-1].status_code == 200, found[-1].text
        url = next_of(found[-1]) or ""
    return found


@pytest.fixture
async def tasks(client: AsyncClient, create: Create, clock: SettableClock) -> list[Any]:
    """Seven tasks of ada's, of which the odd ones are completed."""
    created = []
    for number, title in enumerate(["b", "É", "A", "d", "éa", "C", "e"]):
        clock.time -= timedelta(seconds=number % 2)
        task = await create(title)
        if number % 2:
            task = (await client.patch(f"{TASKS}/{task['id']}/complete")).json()
        created.append(task)
    return created


@pytest.mark.parametrize("query", ["", "sort=title", "status=pending&sort=title", "status=all"])
@pytest.mark.parametrize("limit", [1, 2, 6, 7, 8, 1000])
@pytest.mark.usefixtures("tasks")
async def test_following_the_links_reads_the_list(
    client: AsyncClient, query: str, limit: int
) -> None:
    whole = (await client.get(f"{TASKS}?{query}")).json()
    found = await pages(client, f"{TASKS}?{query}&limit={limit}")
    assert [page.json() for page in found] == [
        whole[start : start + limit] for start in range(0, len(whole), limit)
    ]


@pytest.mark.usefixtures("tasks")
async def test_a_whole_list_has_no_link(client: AsyncClient) -> None:
    for query in ("", "?limit=7", "?limit=1000", "?status=completed&limit=3"):
        assert "Link" not in (await client.get(f"{TASKS}{query}")).headers


@pytest.mark.parametrize("sort", SortOrder)
async def test_a_change_between_two_pages_neither_skips_nor_repeats_another_task(
    client: AsyncClient, tasks: list[Any], sort: SortOrder
) -> None:
    whole = (await client.get(f"{TASKS}?sort={sort}")).json()
    first = await client.get(f"{TASKS}?sort={sort}&limit=3")
    shown = [task["id"] for task in first.json()]
    # The last task of the page is deleted, another one moves, and a new one comes before them.
    await client.delete(f"{TASKS}/{shown[-1]}")
    await client.put(f"{TASKS}/{shown[0]}", json={"title": "zz", "completed": True})
    await client.post(TASKS, json={"title": "0"})
    rest = [
        task["id"] for page in await pages(client, next_of(first) or "") for task in page.json()
    ]
    untouched = [task["id"] for task in whole if task["id"] not in shown]
    assert [number for number in rest if number in untouched] == untouched
    assert not set(rest) & set(shown[1:])
    assert len(tasks) == len(whole)


@pytest.mark.usefixtures("tasks")
async def test_a_page_has_a_tag_and_a_304_of_its_own(client: AsyncClient) -> None:
    first = await client.get(f"{TASKS}?limit=3")
    second = await client.get(next_of(first) or "")
    assert first.headers["ETag"] != second.headers["ETag"]
    for page in (first, second):
        seen = {"If-None-Match": page.headers["ETag"]}
        for method in ("GET", "HEAD"):
            unchanged = await client.request(method, page.request.url, headers=seen)
            assert (unchanged.status_code, unchanged.content) == (304, b"")
            assert unchanged.headers["Link"] == page.headers["Link"]
    changed = second.json()[0]["id"]
    await client.put(f"{TASKS}/{changed}", json={"title": "changed"})
    seen = {"If-None-Match": first.headers["ETag"]}
    assert (await client.get(first.request.url, headers=seen)).status_code == 304
    seen = {"If-None-Match": second.headers["ETag"]}
    assert (await client.get(second.request.url, headers=seen)).status_code == 200


async def test_a_page_that_is_no_longer_the_last_has_another_tag(
    client: AsyncClient, create: Create
) -> None:
    await create()
    alone = await client.get(f"{TASKS}?limit=1")
    await create()
    seen = {"If-None-Match": alone.headers["ETag"]}
    followed = await client.get(f"{TASKS}?limit=1", headers=seen)
    assert (followed.status_code, followed.content) == (200, alone.content)
    assert next_of(followed)


@pytest.mark.usefixtures("tasks")
async def test_head_of_a_page_is_like_get_without_the_body(client: AsyncClient) -> None:
    got, head = await client.get(f"{TASKS}?limit=2"), await client.head(f"{TASKS}?limit=2")
    for name in ("ETag", "Link", "Content-Length"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.usefixtures("tasks")
async def test_a_browser_may_read_the_link(client: AsyncClient) -> None:
    response = await client.get(f"{TASKS}?limit=2", headers={"Origin": ORIGIN})
    assert "Link" in response.headers["Access-Control-Expose-Headers"].split(", ")


@pytest.mark.usefixtures("tasks")
async def test_the_link_keeps_the_other_parameters_and_the_path_as_they_were_sent(
    client: AsyncClient,
) -> None:
    query = 'x=%C3%A9+1&status=all&%61fter={}&limit=2&_="<>'
    first = await client.get(f"{TASKS}/?limit=2")
    after = (next_of(first) or "").partition("after=")[2]
    second = await client.get(f"{TASKS}/?{query.format(after)}")
    link = next_of(second) or ""
    kept, _, following = link.rpartition("&after=")
    assert kept == f"{TASKS}/?x=%C3%A9+1&status=all&limit=2&_=%22%3C%3E"
    assert following not in ("", after)
    assert len((await client.get(link)).json()) == 2


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("way", ["root_path", "stripped", "mounted"])
async def test_links_and_locations_hold_the_prefix_under_which_the_application_is(
    app: FastAPI, token: Callable[..., str], way: str
) -> None:
    headers = {"Authorization": f"Bearer {token()}"}
    # A server with a root_path adds it to the path; FastAPI's root_path does not.
    transport = ASGITransport(app, root_path="" if way == "mounted" else "/v1")
    prefix = "" if way == "stripped" else "/v1"
    if way == "mounted":
        outer = FastAPI()
        outer.mount("/v1", app)
        transport = ASGITransport(outer)
    async with AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        for _ in range(3):
            created = await client.post(f"{prefix}{TASKS}", json={"title": "Buy milk"})
        assert created.headers["Location"] == f"/v1{TASKS}/3"
        link = next_of(await client.get(f"{prefix}{TASKS}?limit=1")) or ""
        assert link.startswith(f"/v1{TASKS}?limit=1&after=")


async def test_a_cursor_shows_only_the_tasks_of_the_user_in_the_path(
    client: AsyncClient, create: Create, token: Callable[..., str]
) -> None:
    await create()
    await create()
    link = next_of(await client.get(f"{TASKS}?limit=1")) or ""
    as_bob = {"Authorization": f"Bearer {token('bob')}"}
    assert (await client.get(link, headers=as_bob)).status_code == 403
    bobs = await client.get(link.replace("ada", "bob"), headers=as_bob)
    assert (bobs.status_code, bobs.json()) == (200, [])


@pytest.mark.parametrize(
    "limit", ["0", "-1", "1001", "x", "", "1.5", "1e3", "9" * 5000, "%00", "1&limit=1", "null"]
)
async def test_a_limit_outside_1_to_1000_is_422(client: AsyncClient, limit: str) -> None:
    response = await client.get(f"{TASKS}?limit={limit}")
    [error] = response.json()["errors"]
    assert (response.status_code, error["field"]) == (422, "limit")
    assert "limit" in response.json()["detail"]


def forged() -> list[str]:
    ours = cursor(SortOrder.CREATED, Position(NOON, 1))
    content = urlsafe_b64decode(ours + "=")
    pieces = [b"", b"1c", content[:-1], content + b"\0", b"2" + content[1:], b"1x" + content[2:]]
    pieces += [content[:2] + bytes(8) + content[10:], content[:2] + b"\xff" * 8 + content[10:]]
    pieces += [content[:10] + b"\x7f" + b"\xff" * 7, content[:10] + b"\x80" + bytes(7)]
    texts = [urlsafe_b64encode(piece).decode().rstrip("=") for piece in pieces]
    return [*texts, f"{ours}%3D", f"{ours}!", f"{ours}%0A", "%C3%A9", "x" * 7000, ours.swapcase()]


@pytest.mark.parametrize("after", forged(), ids=lambda after: after[:20])
async def test_a_cursor_that_is_none_of_ours_is_422(client: AsyncClient, after: str) -> None:
    response = await client.get(f"{TASKS}?limit=1&after={after}")
    [error] = response.json()["errors"]
    assert (response.status_code, error["field"], error["type"]) == (422, "after", "cursor")


@pytest.mark.parametrize("key", ["a\0", "\ud800"])
def test_a_cursor_with_a_text_that_cannot_be_stored_is_refused(key: str) -> None:
    position = Position(key, 1)
    content = b"1t" + position.task_id.to_bytes(8) + key.encode("utf-8", "surrogatepass")
    with pytest.raises(InvalidRequest):
        position_of(urlsafe_b64encode(content).decode().rstrip("="), SortOrder.TITLE)


@pytest.mark.usefixtures("tasks")
async def test_a_cursor_of_another_order_is_422(client: AsyncClient) -> None:
    link = next_of(await client.get(f"{TASKS}?limit=1")) or ""
    response = await client.get(f"{link}&sort=title")
    [error] = response.json()["errors"]
    assert (response.status_code, error["field"]) == (422, "after")
    assert error["message"] == "after must come from the Link of a list in the same order"


@pytest.mark.usefixtures("tasks")
async def test_a_cursor_without_a_limit_is_422(client: AsyncClient) -> None:
    after = cursor(SortOrder.CREATED, Position(NOON, 1))
    response = await client.get(f"{TASKS}?after={after}")
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "limit is required with after",
    )


@given(st.tuples(moments, numbers) | st.tuples(keys, numbers))
def test_every_position_has_one_cursor(place: tuple[datetime | str, int]) -> None:
    position = Position(*place)
    order = SortOrder.TITLE if isinstance(position.key, str) else SortOrder.CREATED
    text = cursor(order, position)
    assert re.fullmatch(r"[\w-]+", text, re.ASCII)
    assert position_of(text, order) == position


@given(st.text() | st.binary().map(lambda content: urlsafe_b64encode(content).decode()))
def test_any_other_text_is_refused_or_a_position(text: str) -> None:
    for order in SortOrder:
        try:
            position = position_of(text, order)
        except InvalidRequest:
            continue
        assert cursor(order, position) == text
