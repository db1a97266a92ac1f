"""Limits of one connection, counted on a connection without a socket."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from entrypoints.http.body import DRAINED_MAX
from entrypoints.server import incoming, protocol
from entrypoints.server.limits import (
    BODY_READ_MAX,
    HEAD_MAX,
    HEADERS_MAX,
    PART_MIN,
    READ_MAX,
    REQUESTS_MAX,
    TARGET_MAX,
)
from entrypoints.server.protocol import Protocol
from entrypoints.server.unfinished_heads import UnfinishedHeads

SHORTEST = b"GET / HTTP/1.1\r\n\r\n"
HOST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
OFFER = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
MANY = pytest.mark.parametrize(
    "request_bytes", [SHORTEST, HOST, HEAD, OFFER], ids=["shortest", "host", "head", "upgrade"]
)


class Wire:
    """A client that has sent ``sent``, and the transport that reads it as asyncio's do."""

    def __init__(self, sent: bytes = b"") -> None:
        self.sent = sent
        self.received: list[bytes] = []
        self.reading = True
        self.closing = False
        self.ended = False
        self.reads = 0
        self.reader: Any = None

    def set_protocol(self, reader: Any) -> None:
        self.reader = reader

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def write(self, data: bytes) -> None:
        self.received.append(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closing = True

    def get_write_buffer_size(self) -> int:
        return 0

    def read(self) -> None:
        """Read until the protocol pauses, but at most 32 times, as libuv does in one pass."""
        for _ in range(32):
            if not (self.reading and self.sent) or self.closing:
                return
            buffer = self.reader.get_buffer(262_144)
            size = min(len(buffer), len(self.sent))
            buffer[:size], self.sent = self.sent[:size], self.sent[size:]
            self.reads += 1
            self.reader.buffer_updated(size)


class Connection(Protocol):
    """Counts the requests that it makes."""

    made = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None:
            self.made += not self.parser.should_upgrade()

    @property
    def under_way(self) -> int:
        return len(self.pipeline) + (self.cycle is not None)


class App:
    """Answers one request for each call of ``let``; with ``reads``, it reads the body first."""

    def __init__(self, *, reads: bool = False) -> None:
        self.turn = asyncio.Semaphore(0)
        self.answered = 0
        self.reads = reads

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        while self.reads and (await receive()).get("more_body"):
            pass
        await self.turn.acquire()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
        )
        await send({"type": "http.response.body", "body": b"ok"})
        self.answered += 1


def connected(wire: Wire, app: Any) -> Connection:
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    config.load()
    connection = Connection(config=config, server_state=ServerState(), app_state={})
    connection.connection_made(cast("asyncio.Transport", wire))
    return connection


async def passes(wire: Wire, count: int, check: Callable[[], None] = lambda: None) -> None:
    """Let the event loop pass ``count`` times."""
    for _ in range(count):
        wire.read()
        check()
        await asyncio.sleep(0)
        check()


@MANY
async def test_few_requests_are_made_of_many_that_are_sent_ahead(request_bytes: bytes) -> None:
    wire = Wire(request_bytes * 10_000)
    connection = connected(wire, App())

    await passes(wire, 50)

    assert 1 <= connection.under_way <= REQUESTS_MAX
    assert connection.made <= REQUESTS_MAX
    assert not wire.reading
    assert wire.reads == 1


@MANY
async def test_the_limits_hold_while_requests_are_answered(request_bytes: bytes) -> None:
    wire = Wire(request_bytes * 2_000)
    app = App()
    connection = connected(wire, app)

    def check() -> None:
        assert connection.under_way <= REQUESTS_MAX
        assert len(connection._incoming._unparsed) <= READ_MAX

    for _ in range(2_000):
        app.turn.release()
    await passes(wire, 10_000, check)

    assert app.answered == connection.made == 2_000
    assert wire.reading


def unfinished(size: int) -> bytes:
    start = b"GET / HTTP/1.1\r\nX: "
    return start + b"x" * (size - len(start))


async def test_the_largest_of_too_many_unfinished_heads_is_refused_and_freed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads = UnfinishedHeads(10_000)
    monkeypatch.setattr(incoming, "heads", heads)
    app = App()
    wires = [Wire(unfinished(size)) for size in (3_000, 5_000, 1_000)]
    connections = [connected(wire, app) for wire in wires]
    for wire in wires:
        await passes(wire, 3)
    assert not any(wire.received for wire in wires)

    wires[2].sent = b"x" * 1_001
    await passes(wires[2], 3)

    assert wires[1].received[0].startswith(b"HTTP/1.1 431 ")
    assert not wires[0].received
    assert not wires[2].received
    wires[1].sent = b"x" * 5_000  # Is discarded, and counts no more.
    await passes(wires[1], 3)
    assert heads._total == 3_000 + 2_001

    # The others may go on, and count no more once they are complete.
    wires[0].sent = wires[2].sent = b"\r\n\r\n"
    for wire in (wires[0], wires[2]):
        app.turn.release()
        await passes(wire, 10)
        assert wire.received[0].startswith(b"HTTP/1.1 200 ")
    assert heads._total == 0
    assert [connection.made for connection in connections] == [1, 0, 1]


async def test_the_headers_of_an_unfinished_head_count_for_the_objects_that_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incoming, "heads", UnfinishedHeads(100 * PART_MIN))
    few, many = (Wire(b"GET / HTTP/1.1\r\n" + b"a:\r\n" * count) for count in (90, 101))
    for wire in (few, many):
        connected(wire, App())
        await passes(wire, 3)
        wire.reader.connection_lost(None)
    assert not few.received
    assert many.received[0].startswith(b"HTTP/1.1 431 ")


async def test_a_lost_connection_frees_its_unfinished_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heads = UnfinishedHeads(10_000)
    monkeypatch.setattr(incoming, "heads", heads)
    wire = Wire(unfinished(3_000))
    connected(wire, App())
    await passes(wire, 3)
    assert heads._total == 3_000
    wire.reader.connection_lost(None)
    assert (heads._total, heads._sizes) == (0, {})


async def test_asking_again_and_again_for_the_body_makes_no_more_of_them() -> None:
    wire = Wire(SHORTEST * 10_000)
    connection = connected(wire, App())
    await passes(wire, 5)
    most = 0

    for _ in range(200):
        asking = asyncio.ensure_future(connection.cycle.receive())
        await passes(wire, 3)
        asking.cancel()
        most = max(most, connection.under_way)

    assert 2 < most <= REQUESTS_MAX


async def test_offers_of_an_upgrade_cost_work_in_proportion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fed = 0
    depth = deepest = 0
    original = protocol.Protocol.feed

    def feed(self: Protocol, piece: bytes) -> None:
        nonlocal fed, depth, deepest
        fed += len(piece)
        depth += 1
        deepest = max(deepest, depth)
        original(self, piece)
        depth -= 1

    monkeypatch.setattr(protocol.Protocol, "feed", feed)
    wire = Wire(OFFER * 1_000)
    app = App()
    for _ in range(1_000):
        app.turn.release()
    connected(wire, app)

    await passes(wire, 5_000)

    assert app.answered == 1_000
    assert fed < 3 * len(OFFER) * 1_000
    assert deepest == 2


async def test_nothing_more_is_parsed_while_the_client_does_not_read() -> None:
    wire = Wire(HOST)
    app = App()
    connection = connected(wire, app)
    app.turn.release()
    await passes(wire, 5)
    wire.reader.pause_writing()
    wire.sent = HOST * 10_000

    await passes(wire, 50)
    parsed, reading, reads = connection.made, wire.reading, wire.reads
    # Before a failure is possible, because uvicorn's task would wait without limit.
    wire.reader.resume_writing()
    await passes(wire, 2)

    assert (parsed, reading, reads) == (1, False, 2)
    assert connection.made > 1


async def test_a_body_of_line_ends_is_parsed_in_few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    original = protocol.Protocol.feed

    def feed(self: Protocol, piece: bytes) -> None:
        pieces.append(len(piece))
        original(self, piece)

    monkeypatch.setattr(protocol.Protocol, "feed", feed)
    wire = Wire(b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n" + b"\r\n" * 30_000)
    app = App(reads=True)
    app.turn.release()
    connected(wire, app)

    await passes(wire, 100)

    assert app.answered == 1
    assert len(pieces) < 1_000


@pytest.mark.parametrize("before", [b"", HOST], ids=["first", "second"])
async def test_line_ends_between_requests_are_skipped(
    monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    pieces: list[bytes] = []
    original = protocol.Protocol.feed

    def feed(self: Protocol, piece: bytes) -> None:
        pieces.append(piece)
        original(self, piece)

    monkeypatch.setattr(protocol.Protocol, "feed", feed)
    wire = Wire(before + b"\r\n" * 30_000 + HOST)
    app = App()
    app.turn.release()
    app.turn.release()
    connected(wire, app)

    await passes(wire, 100)

    assert app.answered == len(pieces) == (2 if before else 1)
    assert sum(map(len, pieces)) < 200


ENDLESS = {
    "a length": (b"Content-Length: 9999999999", b"x", BODY_READ_MAX),
    "large chunks": (b"Transfer-Encoding: chunked", b"400\r\n" + b"x" * 1024 + b"\r\n", 1_700_000),
    "chunks": (b"Transfer-Encoding: chunked", b"1\r\nx\r\n", 50_000),
    "a chunk's extension": (b"Transfer-Encoding: chunked", b"1;x", BODY_READ_MAX),
    "trailers": (b"Transfer-Encoding: chunked\r\n\r\n0", b"a:b\r\n", 50_000),
}


@pytest.mark.parametrize(("header", "endless", "limit"), ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("answered", [True, False])
async def test_a_body_without_end_is_read_up_to_a_limit(
    header: bytes, endless: bytes, limit: int, *, answered: bool
) -> None:
    wire = Wire(b"POST / HTTP/1.1\r\n" + header + b"\r\n" * (2 - header.count(b"\r\n\r\n")))
    app = App(reads=not answered)
    app.turn.release()
    connection = connected(wire, app)
    await passes(wire, 3)
    parsed = 0
    feed = connection.feed

    def counting(piece: bytes) -> None:
        nonlocal parsed
        parsed += len(piece)
        feed(piece)

    connection.feed = counting  # type: ignore[method-assign]
    wire.sent = endless * ((limit + 200_000) // len(endless))
    await passes(wire, 400)

    assert limit // 2 <= parsed <= limit + READ_MAX
    # One response: that of the application, or a refusal.
    received = b"".join(wire.received)
    assert received.startswith(b"HTTP/1.1 200 " if answered else b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1 ") == 1
    # The rest is read and discarded, so that the client can read the response.
    assert wire.sent == b""
    assert wire.ended


def test_a_body_that_the_application_lets_a_client_finish_is_read() -> None:
    assert DRAINED_MAX + READ_MAX < BODY_READ_MAX


async def test_one_connection_parses_one_read_in_a_pass() -> None:
    wire = Wire(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000)
    app = App()
    app.turn.release()
    connected(wire, app)

    for number in range(1, 10):
        wire.read()
        assert wire.reads == number
        await asyncio.sleep(0)


async def test_a_waiting_body_is_read_no_further_than_its_limit() -> None:
    body = b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000
    wire = Wire(HOST + body)
    connection = connected(wire, App())

    await passes(wire, 200)

    assert connection.under_way == 2
    assert len(connection.cycle.body) <= 65_536 + READ_MAX
    assert not wire.reading


def head(*headers: bytes, target: bytes = b"/") -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", *headers, b"", b""])


REFUSED = {
    "a target": (head(target=b"/" + b"x" * TARGET_MAX), 414),
    "a target without end": (b"GET /" + b"x" * 300_000, 414),
    "a head in one piece": (head(b"X-Y: " + b"y" * 250_000), 431),
    "a head without end": (b"GET / HTTP/1.1\r\nX-Y: " + b"y" * 250_000, 431),
    "headers": (head(*[b"a:"] * (HEADERS_MAX + 1)), 431),
    "headers without end": (b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 60_000, 431),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
async def test_requests_over_the_limits_are_refused_as_early_as_possible(
    sent: bytes, status: int
) -> None:
    wire = Wire(sent)
    connection = connected(wire, App())
    parsed = 0
    feed = connection.feed

    def counting(piece: bytes) -> None:
        nonlocal parsed
        parsed += len(piece)
        feed(piece)

    connection.feed = counting  # type: ignore[method-assign]

    await passes(wire, 100)

    answer = b"".join(wire.received)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close\r\n" in answer
    assert connection.made == 0
    assert connection.headers == []
    # Further data is read and discarded, so that the client can read the response.
    assert parsed <= HEAD_MAX + READ_MAX
    assert wire.sent == b""
    assert wire.ended


LARGEST = {
    "target": head(target=b"/" + b"x" * (TARGET_MAX - 1)),
    "head": head(b"X-Y: " + b"y" * (HEAD_MAX - 30)),
    "headers": head(*[b"a:"] * HEADERS_MAX),
}


@pytest.mark.parametrize("sent", LARGEST.values(), ids=LARGEST)
async def test_requests_at_the_limits_are_served(sent: bytes) -> None:
    wire = Wire(sent)
    app = App()
    app.turn.release()
    connected(wire, app)

    await passes(wire, 30)

    assert app.answered == 1


async def test_a_body_that_breaks_puts_nothing_into_a_response_that_has_begun() -> None:
    go = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await go.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    wire = Wire(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    connected(wire, app)
    await passes(wire, 3)
    wire.sent = b"ZZZ\r\n"
    await passes(wire, 3)
    go.set()
    await passes(wire, 3)

    received = b"".join(wire.received)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(b"\r\n\r\nok")
    assert wire.closing


async def test_a_body_that_breaks_under_way_gets_no_second_answer() -> None:
    wire = Wire(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    app = App()
    connected(wire, app)
    await passes(wire, 3)
    wire.sent = b"ZZZ\r\n"
    await passes(wire, 3)
    app.turn.release()
    await passes(wire, 3)

    assert b"".join(wire.received).count(b"HTTP/1.1 ") == 1


async def test_a_lost_connection_leaves_nothing_to_the_garbage_collector() -> None:
    wire = Wire(HOST)
    app = App()
    app.turn.release()
    connection = connected(wire, app)
    await passes(wire, 5)
    gone = weakref.ref(connection)
    gc.collect()
    gc.disable()
    try:
        wire.reader.connection_lost(None)
        wire.reader = None
        del connection
        await asyncio.sleep(0)
        connection_is_gone = gone() is None
    finally:
        gc.enable()

    assert connection_is_gone


async def test_a_head_that_comes_with_the_end_of_a_body_is_not_too_large() -> None:
    length = HEAD_MAX + READ_MAX + 1
    body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (length, b"x" * length)
    app = App(reads=True)
    app.turn.release()
    app.turn.release()
    connected(wire := Wire(body + HOST), app)
    await passes(wire, 50)
    received = b"".join(wire.received)
    assert received.count(b"HTTP/1.1 200") == 2
