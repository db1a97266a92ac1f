"""Every invalid request gets a 4xx, never a 500, and no response repeats the input."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TASKS = "/api/ada/tasks"
JSON = {"Content-Type": "application/json"}
MARK = "s3cr3t-mark"
"""Part of invalid input, to check that no response repeats it."""


def fields(response: Response) -> list[str]:
    return [error["field"] for error in response.json()["errors"]]


async def send(client: AsyncClient, body: bytes, **headers: str) -> tuple[Response, Response]:
    """``body`` as a new task and as an update of task 1."""
    return (
        await client.post(TASKS, content=body, headers=JSON | headers),
        await client.put(f"{TASKS}/1", content=body, headers=JSON | headers),
    )


NOT_JSON = {
    "empty": b"",
    "white space": b"  ",
    "truncated object": b'{"title": "s3cr3t-mark"',
    "truncated string": b'{"title": "s3cr3t-mark',
    "single quotes": b"{'title': 's3cr3t-mark'}",
    "trailing comma": b'{"title": "s3cr3t-mark",}',
    "two documents": b'{"title": "s3cr3t-mark"} {}',
    "bad UTF-8": b'{"title": "s3cr3t-mark\xff"}',
    "an encoded surrogate": b'{"title": "s3cr3t-mark\xed\xa0\x80"}',
    "UTF-16": '{"title": "s3cr3t-mark"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"title": "s3cr3t-mark"}',
    "raw NUL": b'{"title": "s3cr3t-mark\x00"}',
    "raw newline": b'{"title": "s3cr3t-mark\n"}',
    "NaN": b'{"title": "s3cr3t-mark", "x": NaN}',
    "Infinity": b'{"title": "s3cr3t-mark", "x": Infinity}',
    "-Infinity": b'{"title": "s3cr3t-mark", "x": -Infinity}',
    "too deep": b'{"title": "s3cr3t-mark", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "too deep objects": b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
    "a form": b"title=s3cr3t-mark",
    "bad escape": b'{"title": "s3cr3t-mark\\u12"}',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
async def test_a_body_that_is_not_json_is_400(
    client: AsyncClient, create: Callable[..., Any], body: bytes
) -> None:
    await create()
    for response in await send(client, body):
        assert response.status_code == 400
        assert MARK not in response.text


@pytest.mark.parametrize("bracket", ["[]", "{}"])
async def test_a_body_may_be_as_deep_on_every_python(client: AsyncClient, bracket: str) -> None:
    opening, closing = bracket[0], bracket[1]

    def nested(depth: int) -> str:
        value = "1"
        for _ in range(depth):
            value = opening + ('"x": ' if opening == "{" else "") + value + closing
        return value

    async def status(depth: int) -> int:
        content = f'{{"title": "x", "beside": [], "other": {nested(depth)}}}'.encode()
        return (await client.post(TASKS, content=content, headers=JSON)).status_code

    assert await status(99) == 201
    assert await status(100) == 400


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("[" + "[]," * 5_000 + "{}]", id="many beside each other"),
        pytest.param('"' + "[" * 5_000 + '"', id="in a string"),
        pytest.param('"\\"' + "[" * 5_000 + '"', id="after an escaped quote"),
        pytest.param('["\\\\", "' + "{" * 5_000 + '"]', id="after an escaped backslash"),
    ],
)
async def test_brackets_that_are_not_nested_do_not_count(client: AsyncClient, other: str) -> None:
    content = f'{{"title": "x", "other": {other}}}'.encode()
    assert (await client.post(TASKS, content=content, headers=JSON)).status_code == 201


BREAKS_A_RULE: dict[str, tuple[Any, list[str]]] = {
    "a list": ([MARK], ["body"]),
    "a string": (MARK, ["body"]),
    "a number": (1, ["body"]),
    "null": (None, ["body"]),
    "true": (True, ["body"]),
    "title null": ({"title": None}, ["title"]),
    "title a number": ({"title": 5}, ["title"]),
    "title true": ({"title": True}, ["title"]),
    "title a list": ({"title": [MARK]}, ["title"]),
    "title an object": ({"title": {MARK: MARK}}, ["title"]),
    "title empty": ({"title": ""}, ["title"]),
    "title white space": ({"title": " \t\u3000"}, ["title"]),
    "title too long": ({"title": MARK + "x" * 200}, ["title"]),
    "title with NUL": ({"title": MARK + "\0"}, ["title"]),
    "title with a lone surrogate": ({"title": MARK + "\ud800"}, ["title"]),
    "title with a low surrogate": ({"title": MARK + "\udc00"}, ["title"]),
    "description a number": ({"title": "t", "description": 5}, ["description"]),
    "description too long": ({"title": "t", "description": MARK * 100}, ["description"]),
    "description with NUL": ({"title": "t", "description": MARK + "\0"}, ["description"]),
    "description with a surrogate": ({"title": "t", "description": "\ud8ff"}, ["description"]),
    "both": ({"title": "", "description": MARK * 100}, ["title", "description"]),
    "a name with NUL": ({"title": "t", f"{MARK}\0": 1}, ["body"]),
    "a name with a surrogate": ({"title": "t", f"{MARK}\udfff": 1}, ["body"]),
}


@pytest.mark.parametrize(("body", "wrong"), BREAKS_A_RULE.values(), ids=BREAKS_A_RULE)
async def test_json_that_breaks_a_rule_is_422_and_names_the_field(
    client: AsyncClient, create: Callable[..., Any], body: Any, wrong: list[str]
) -> None:
    task = await create()
    for response in await send(client, json.dumps(body).encode()):
        assert response.status_code == 422
        assert fields(response) == wrong
        assert all(field in response.json()["detail"] for field in wrong)
        assert MARK not in response.text
    assert (await client.get(TASKS)).json() == [task]


@pytest.mark.parametrize("wrong", ["null", '"yes"', '"true"', "1", "0", "[true]", '"s3cr3t-mark"'])
async def test_completed_is_a_boolean(
    client: AsyncClient, create: Callable[..., Any], wrong: str
) -> None:
    task = await create()
    body = f'{{"completed": {wrong}}}'
    for method, path in (("PUT", f"{TASKS}/1"), ("PATCH", f"{TASKS}/1/complete")):
        response = await client.request(method, path, content=body, headers=JSON)
        assert response.status_code == 422
        assert response.json()["detail"] == "completed must be true or false"
        assert (fields(response), MARK in response.text) == (["completed"], False)
    assert (await client.get(TASKS)).json() == [task]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b" ", "application/json", 400),
        (b'{"completed": true', "application/json", 400),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"true", "application/json", 422),
        (b'{"completed": true, "\\u0000": 1}', "application/json", 422),
        (b'{"completed": true}', "text/plain", 415),
        (b"x" * (64 * 1024 + 1), "application/json", 413),
    ],
)
async def test_the_optional_body_of_a_patch_follows_the_same_rules(
    client: AsyncClient, create: Callable[..., Any], body: bytes, kind: str, status: int
) -> None:
    task = await create()
    headers = {"Content-Type": kind}
    response = await client.patch(f"{TASKS}/1/complete", content=body, headers=headers)
    assert response.status_code == status
    assert (await client.get(TASKS)).json() == [task]


@pytest.mark.parametrize("name", ["", "id", "user_id", "Title", "__class__"])
async def test_unknown_fields_with_any_name_are_ignored(client: AsyncClient, name: str) -> None:
    for response in await send(client, json.dumps({"title": "t", name: {name: name}}).encode()):
        assert response.status_code in {201, 200}
        assert response.json()["title"] == "t"


async def test_a_title_is_required_to_create(client: AsyncClient) -> None:
    response = await client.post(TASKS, json={"description": "Two litres"})
    assert (response.status_code, response.json()["detail"]) == (422, "title is required")


@pytest.mark.parametrize(
    "number", ["5", "-7", "1" * 5000, "1e400", "0.1"], ids=lambda digits: digits[:6]
)
async def test_a_number_of_any_size_is_valid_json_but_not_a_title(
    client: AsyncClient, number: str
) -> None:
    for response in await send(client, b'{"title": %s}' % number.encode()):
        assert (response.status_code, fields(response)) == (422, ["title"])


async def test_a_detail_names_every_violation(client: AsyncClient) -> None:
    response = await client.get(f"{TASKS}?status=x&sort=y")
    error = response.json()
    assert error["detail"] == "; ".join(part["message"] for part in error["errors"])


async def test_details_name_the_limit(client: AsyncClient) -> None:
    body = {"title": "x" * 201, "description": "x" * 1001}
    detail = (await client.post(TASKS, json=body)).json()["detail"]
    assert "1 to 200 characters" in detail
    assert "at most 1000 characters" in detail


@pytest.mark.parametrize("length", [64 * 1024 + 1, 10**6])
async def test_a_large_body_is_413(client: AsyncClient, length: int) -> None:
    for response in await send(client, b"x" * length):
        assert response.status_code == 413
        assert "Connection" not in response.headers


@pytest.mark.parametrize(
    ("declared", "connection"),
    [
        ("65537", None),
        ("1048576", None),
        ("1048577", "close"),
        ("9" * 30, "close"),
        ("9" * 5000, "close"),
    ],
)
async def test_a_body_with_a_large_content_length_is_413_without_being_read(
    client: AsyncClient, declared: str, connection: str | None
) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    response = await client.post(TASKS, content=body(), headers=JSON | {"Content-Length": declared})
    assert response.status_code == 413
    assert response.headers.get("Connection") == connection


async def test_a_large_body_of_unknown_length_is_not_read_to_its_end(client: AsyncClient) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1024
            yield b" " * 1024

    # The test's transport reads the generator on demand, as a server reads a socket.
    response = await client.post(TASKS, content=body(), headers=JSON)
    assert response.status_code == 413
    assert response.headers["Connection"] == "close"
    assert sent <= 66 * 1024


async def test_the_largest_body_is_read(client: AsyncClient) -> None:
    body = b'{"title": "t", "x": "%s"}' % (b"x" * (64 * 1024 - 23))
    assert len(body) == 64 * 1024
    assert (await client.post(TASKS, content=body, headers=JSON)).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application",
        "application/jsonp",
        "text/json",
        "json",
    ],
)
async def test_a_body_without_the_json_content_type_is_415(
    client: AsyncClient, content_type: str
) -> None:
    for response in await send(client, b'{"title": "t"}', **{"Content-Type": content_type}):
        assert response.status_code == 415


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/merge-patch+json",
        "application/json;charset=UTF-8;x=y",
    ],
)
async def test_several_content_types_of_json_are_accepted(
    client: AsyncClient, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    response = await client.post(TASKS, content=b'{"title": "t"}', headers=headers)
    assert response.status_code == 201


NO_TASK = ["abc", "0", "-1", "1.0", "1.5", "2147483648", "9223372036854775807"]
NO_TASK += ["9223372036854775808", "1" * 4000, "1" * 60_000, "%00", "1%00", "%ff", "01", "+1"]
NO_TASK += ["%2B1", "1e0", "0x1", "١", "%D9%A1", "%201", "1%20", "1_0", "null", "%F0%9F%98%80"]
NO_TASK += ["%ED%A0%80", "{task_id}", "'--", "1;1"]


@pytest.mark.parametrize("task_id", NO_TASK, ids=lambda task_id: task_id[:22])
async def test_a_path_that_names_no_task_of_the_user_is_404(
    client: AsyncClient, create: Callable[..., Any], task_id: str
) -> None:
    await create()
    for method, path in [
        ("GET", task_id),
        ("PUT", task_id),
        ("PATCH", f"{task_id}/complete"),
        ("DELETE", task_id),
    ]:
        body = {"title": "Other"} if method == "PUT" else None
        response = await client.request(method, f"{TASKS}/{path}", json=body)
        assert (response.status_code, response.json()["detail"]) == (404, "Task not found")


QUERIES = {
    "status=done": ["status"],
    "status=": ["status"],
    "status": ["status"],
    "status=ALL": ["status"],
    "status=all%00": ["status"],
    "status=%ff": ["status"],
    "status=%ED%A0%80": ["status"],
    "status=all&status=all": ["status"],
    "status=all&sort=title&status=pending": ["status"],
    "sort=s3cr3t-mark": ["sort"],
    "sort=": ["sort"],
    "sort=created&sort=title": ["sort"],
    "sort=created,title": ["sort"],
    "status=x&sort=y": ["status", "sort"],
    "sort=" + "x" * 50_000: ["sort"],
}


@pytest.mark.parametrize(("query", "wrong"), QUERIES.items(), ids=lambda value: str(value)[:22])
async def test_a_query_outside_its_values_is_422(
    client: AsyncClient, query: str, wrong: list[str]
) -> None:
    response = await client.get(f"{TASKS}?{query}")
    assert (response.status_code, fields(response)) == (422, wrong)
    assert MARK not in response.text


@pytest.mark.parametrize(
    ("query", "message", "type_"),
    [
        ("status=x", "status should be 'all', 'pending' or 'completed'", "enum"),
        ("sort=title&sort=title", "sort must be given once", "repeated"),
    ],
)
async def test_an_invalid_query_is_described_in_a_sentence_and_by_a_type(
    client: AsyncClient, query: str, message: str, type_: str
) -> None:
    [error] = (await client.get(f"{TASKS}?{query}")).json()["errors"]
    assert (error["message"], error["type"]) == (message, type_)


@pytest.mark.parametrize("query", ["%00=%00", "x=%ff", "=", "&&", "%", "a=1&a=2", "statu%00s=x"])
async def test_unknown_query_parameters_are_ignored(client: AsyncClient, query: str) -> None:
    assert (await client.get(f"{TASKS}?{query}")).status_code == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
async def test_no_bytes_cause_a_server_error(client: AsyncClient, body: bytes) -> None:
    response = await client.post(TASKS, content=body, headers=JSON)
    assert response.status_code in {400, 422}


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters()), children),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(title=documents, description=documents, key=st.text(st.characters()), extra=documents)
async def test_no_json_causes_a_server_error(
    client: AsyncClient, title: Any, description: Any, key: str, extra: Any
) -> None:
    body = json.dumps({key: extra, "title": title, "description": description})
    response = await client.post(TASKS, content=body, headers=JSON)
    assert response.status_code in {201, 400, 422}
