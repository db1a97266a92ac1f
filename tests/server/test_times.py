"""Time limits for each part of a request, and the response after each."""

import asyncio

import pytest

from entrypoints.server import limits as server_limits
from tests.server.test_limits import App, Wire, connected, passes

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
LATE = [b"HTTP/1.1 408 Request Timeout"]
LONG, SHORT = 60.0, 0.01


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Limits that are not reached; each test shortens one of them."""
    for name in ("HEAD_WITHIN", "BODY_WITHIN", "LAST_BODY_WITHIN", "LINGER"):
        monkeypatch.setattr(server_limits, name, LONG)
    return monkeypatch


async def statuses(wire: Wire) -> list[bytes]:
    """Return the status lines that the client has received after a moment."""
    await passes(wire, 5)
    await asyncio.sleep(5 * SHORT)
    await passes(wire, 5)
    received = b"".join(wire.received)
    return [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1")]


async def test_a_head_has_a_time(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "HEAD_WITHIN", SHORT)
    connected(wire := Wire(b"GET / HTTP/1.1\r\nHost: x\r\n"), App())
    assert await statuses(wire) == LATE


async def test_a_connection_on_which_nothing_arrives_is_closed(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "HEAD_WITHIN", SHORT)
    connected(wire := Wire(), App())
    assert await statuses(wire) == []
    assert wire.closing


async def test_a_body_has_a_time_of_its_own(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "BODY_WITHIN", SHORT)
    connected(wire := Wire(POST + b"a"), App(reads=True))
    assert await statuses(wire) == LATE


async def test_a_head_may_take_longer_than_a_body(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "BODY_WITHIN", SHORT)
    connected(wire := Wire(b"GET / HTTP/1.1\r\n"), App())
    assert await statuses(wire) == []


async def test_a_body_may_take_longer_than_a_head(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "HEAD_WITHIN", SHORT)
    connected(wire := Wire(POST + b"a"), App(reads=True))
    assert await statuses(wire) == []


async def test_the_time_of_a_head_ends_with_it(limits: pytest.MonkeyPatch) -> None:
    limits.setattr(server_limits, "HEAD_WITHIN", SHORT)
    connected(wire := Wire(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), App())
    assert await statuses(wire) == []


async def test_a_stopping_server_waits_for_a_body_for_a_short_time(
    limits: pytest.MonkeyPatch,
) -> None:
    limits.setattr(server_limits, "LAST_BODY_WITHIN", SHORT)
    connection = connected(wire := Wire(POST + b"a"), App(reads=True))
    await passes(wire, 5)
    connection.shutdown()
    assert await statuses(wire) == LATE


async def test_a_stopping_server_answers_requests_that_arrive_in_its_last_moment() -> None:
    app = App()
    connection = connected(wire := Wire(), app)
    connection.shutdown()
    assert not wire.closing
    app.turn.release()
    wire.sent = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    assert await statuses(wire) == [b"HTTP/1.1 200 OK"]
    assert b"connection: close" in b"".join(wire.received)


async def test_a_stopping_server_closes_a_connection_that_stays_idle(
    limits: pytest.MonkeyPatch,
) -> None:
    limits.setattr(server_limits, "LINGER", SHORT)
    connection = connected(wire := Wire(), App())
    connection.shutdown()
    assert await statuses(wire) == []
    assert wire.closing
