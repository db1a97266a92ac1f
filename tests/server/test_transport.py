"""An answer leaves in one piece."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from entrypoints.server.limits import READ_WITHIN
from entrypoints.server.transport import JOIN_MAX, CoalescingTransport


class Wire:
    """A transport that keeps what it is given, of which ``unread`` bytes wait for the client."""

    def __init__(self, *, unread: int = 0) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self.aborted = False
        self.unread = unread

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.closed


class Timer:
    """What happens when its time has come, unless it is cancelled."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call

    def cancel(self) -> None:
        self.at = float("inf")


class Timers:
    """An event loop whose time goes by when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.set: list[Timer] = []

    def call_later(self, delay: float, call: Callable[..., None], *arguments: Any) -> Timer:
        timer = Timer(self.now + delay, lambda: call(*arguments))
        self.set.append(timer)
        return timer

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.set if timer.at <= self.now]
        self.set = [timer for timer in self.set if timer not in due]
        for timer in due:
            timer.call()


def on(wire: Wire) -> CoalescingTransport:
    return CoalescingTransport(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_what_is_written_in_one_pass_is_sent_at_its_end() -> None:
    wire = Wire()
    transport = on(wire)
    for answer in (b"first", b"second"):
        transport.write(answer + b" head ")
        transport.write(answer + b" body")
        assert answer not in b"".join(wire.sent)
        await asyncio.sleep(0)
    assert wire.sent == [b"first head first body", b"second head second body"]


async def test_a_large_piece_is_sent_as_it_is_behind_what_is_held() -> None:
    wire = Wire()
    transport = on(wire)
    large = b"x" * (JOIN_MAX + 1)
    transport.write(b"head")
    transport.write(large)
    transport.write(b"end")
    await asyncio.sleep(0)
    assert wire.sent == [b"head", large, b"end"]
    assert wire.sent[1] is large


async def test_what_is_written_alone_is_sent_too() -> None:
    wire = Wire()
    on(wire).write(b"no body")
    await asyncio.sleep(0)
    assert wire.sent == [b"no body"]


async def test_nothing_is_sent_to_who_is_gone() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"too late")
    transport.lose()
    await asyncio.sleep(0)
    transport.write(b"far too late")
    transport.close()
    assert wire.sent == []
    assert wire.closed


async def test_closing_sends_what_is_held_first() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"last words")
    transport.close()
    assert wire.sent == [b"last words"]
    assert transport.is_closing()
    await asyncio.sleep(0)
    assert wire.sent == [b"last words"]


@pytest.fixture
def timers() -> Timers:
    return Timers()


def watched(wire: Wire, timers: Timers) -> CoalescingTransport:
    return CoalescingTransport(
        cast("asyncio.Transport", wire), cast("asyncio.AbstractEventLoop", timers)
    )


def test_who_reads_nothing_for_half_a_minute_is_hung_up_on(timers: Timers) -> None:
    assert READ_WITHIN == 30
    wire = Wire(unread=2)
    watched(wire, timers).expect_reading()
    timers.pass_by(29)
    assert not wire.aborted
    timers.pass_by(1)
    assert wire.aborted


def test_who_reads_a_byte_has_another_half_minute(timers: Timers) -> None:
    wire = Wire(unread=3)
    watched(wire, timers).expect_reading()
    for unread in (2, 1):
        wire.unread = unread
        timers.pass_by(30)
        assert not wire.aborted
    timers.pass_by(30)
    assert wire.aborted


def test_who_is_sent_more_than_they_read_is_hung_up_on(timers: Timers) -> None:
    wire = Wire(unread=2)
    watched(wire, timers).expect_reading()
    wire.unread = 3
    timers.pass_by(30)
    assert wire.aborted


def test_who_has_read_everything_is_watched_no_more(timers: Timers) -> None:
    wire = Wire()
    transport = watched(wire, timers)
    transport.expect_reading()
    assert not timers.set
    wire.unread = 1
    transport.expect_reading()
    wire.unread = 0
    timers.pass_by(30)
    assert not timers.set
    assert not wire.aborted


def test_being_told_again_to_expect_reading_gives_no_more_time(timers: Timers) -> None:
    wire = Wire(unread=2)
    transport = watched(wire, timers)
    transport.expect_reading()
    timers.pass_by(29)
    transport.expect_reading()
    timers.pass_by(1)
    assert wire.aborted


def test_who_reads_nothing_does_not_keep_a_connection_from_closing(timers: Timers) -> None:
    wire = Wire(unread=2)
    watched(wire, timers).close()
    assert wire.closed
    timers.pass_by(30)
    assert wire.aborted


def test_who_keeps_up_again_has_all_the_time_for_what_comes_next(timers: Timers) -> None:
    wire = Wire(unread=2)
    transport = watched(wire, timers)
    transport.expect_reading()
    timers.pass_by(29)
    transport.stop_expecting()
    wire.unread = 3
    transport.expect_reading()
    timers.pass_by(29)
    assert not wire.aborted
    timers.pass_by(1)
    assert wire.aborted


def test_who_is_gone_is_watched_no_more(timers: Timers) -> None:
    wire = Wire(unread=2)
    transport = watched(wire, timers)
    transport.expect_reading()
    transport.lose()
    timers.pass_by(30)
    assert not wire.aborted
