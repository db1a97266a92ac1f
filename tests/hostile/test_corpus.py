"""Every hostile exchange with the service: its responses and its log."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.hostile.answer import Answer, Log, answers, exchange
from tests.hostile.contract import Contract
from tests.hostile.corpus import bodies, framing, headers, targets, texts, tokens
from tests.hostile.corpus.case import MARK, TASK, TASKS, Case, one, request
from tests.hostile.corpus.tokens import TOKEN
from tests.process.service import SECRET, Service

pytestmark = [pytest.mark.process, pytest.mark.postgres]


def _signed_in(name: str, token: bytes, status: int) -> Case:
    return one(f"token: {name}", request("GET", TASKS, token=token), status)


CASES = [
    *framing.CASES,
    *headers.CASES,
    *targets.CASES,
    *bodies.CASES,
    *texts.CASES,
    *[_signed_in(name, token, 401) for name, token in tokens.REFUSED.items()],
    *[_signed_in(name, token, 200) for name, token in tokens.ACCEPTED.items()],
    *[
        _signed_in(f"of {name}", tokens.signed(tokens.CLAIMS | {"sub": subject}), 403)
        for name, subject in tokens.OTHERS.items()
    ],
]


@pytest.fixture(scope="module")
def contract(on_memory: Service) -> Contract:
    """The rules for both services."""
    return Contract(on_memory)


@pytest.fixture(scope="module")
def adas(on_memory: Service, on_postgres: Service) -> Iterator[tuple[httpx.Client, ...]]:
    """Clients of ada for both services, after she has created a task."""
    signed_in = {"Authorization": f"Bearer {TOKEN.decode()}"}
    with (
        httpx.Client(base_url=on_memory.url, headers=signed_in) as in_memory,
        httpx.Client(base_url=on_postgres.url, headers=signed_in) as in_postgres,
    ):
        for client in (in_memory, in_postgres):
            first = client.post(TASKS.decode(), json={"title": "First"})
            assert first.headers["Location"] == TASK.decode()
        yield in_memory, in_postgres


@pytest.fixture
def _only_the_first_task(adas: tuple[httpx.Client, ...]) -> Iterator[None]:
    """Every case must leave ada's first task; other tasks are removed before the next case."""
    yield
    for ada in adas:
        first, *others = ada.get(TASKS.decode()).json()
        assert first["id"] == 1
        for task in others:
            ada.delete(f"{TASKS.decode()}/{task['id']}")


QUOTED_MAX = 400
"""Characters of 120 that are quoted, with the sentence around them."""


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.usefixtures("_only_the_first_task")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_exchange(
    case: Case, on_memory: Service, on_postgres: Service, contract: Contract
) -> None:
    in_memory = _asked(on_memory, case, contract)
    in_postgres = _asked(on_postgres, case, contract)
    assert list(map(_comparable, in_memory)) == list(map(_comparable, in_postgres))
    if case.title is not None:
        assert [answer.json["title"] for answer in in_postgres] == [case.title]


def _asked(service: Service, case: Case, contract: Contract) -> list[Answer]:
    log = Log(service)
    if case.statuses:
        methods = [request.method or "" for request in case.requests]
        found = answers(exchange(service, case.sent), methods=methods)
        assert len(found) == len(case.statuses), found
    else:
        with pytest.raises(TimeoutError):
            exchange(service, case.sent, patience=0.1)
        found = []
    for answer, sent, status in zip(found, case.requests, case.statuses, strict=False):
        assert answer.status == status or status is None, answer
        contract.check(sent, answer)
    lines = log.new(until=found[-1].headers["x-request-id"] if found else "")
    for secret in (TOKEN, *TOKEN.split(b".")[1:], SECRET.encode()):
        assert secret.decode() not in lines
    for line in map(json.loads, lines.splitlines()):
        is_about_a_preflight = line["logger"] == "entrypoints.http.cors"
        assert line["level"] == "info" or is_about_a_preflight
        assert "exception" not in line
        if line.get("route") == "-" or is_about_a_preflight:
            # It quotes a path without a route, or the headers of a preflight, shortened.
            assert max(map(len, map(str, line.values()))) < QUOTED_MAX
        else:
            assert MARK.decode() not in str(line)
    return found


def _comparable(answer: Answer) -> tuple[int, Any]:
    if answer.headers.get("content-type") != "application/json" or not answer.body:
        return answer.status, answer.body
    return answer.status, _without_what_differs(answer.json)


def _without_what_differs(body: Any) -> Any:
    if isinstance(body, list):
        return [_without_what_differs(member) for member in body]
    if isinstance(body, dict):
        return {name: body[name] for name in body.keys() - {"id", "created_at", "updated_at"}}
    return body
