"""Joined writes, and clients that stop reading."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from entrypoints.server.limits import READ_WITHIN
from entrypoints.server.transport import JOIN_MAX, CoalescingTransport


class Wire:
    """A transport that stores what is written; ``unread`` bytes of it wait for the client."""

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
    """A timer's callback, unless it was cancelled."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call

    def cancel(self) -> None:
        self.at = float("inf")


class Timers:
    """An event loop whose time the test advances."""

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


async def test_writes_of_one_pass_are_sent_together_at_its_end() -> None:
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


async def test_a_single_write_is_sent_too() -> None:
    wire = Wire()
    on(wire).write(b"no body")
    await asyncio.sleep(0)
    assert wire.sent == [b"no body"]


async def test_nothing_is_sent_after_a_disconnect() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"too late")
    transport.lose()
    await asyncio.sleep(0)
    transport.write(b"far too late")
    transport.close()
    assert wire.sent == []
    assert wire.closed


async def test_closing_sends_the_held_data_first() -> None:
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


def test_a_client_that_reads_nothing_for_30_seconds_is_disconnected(timers: Timers) -> None:
    assert READ_WITHIN == 30
    wire = Wire(unread=2)
    watched(wire, timers).expect_reading()
    timers.pass_by(29)
    assert not wire.aborted
    timers.pass_by(1)
    assert wire.aborted


def test_each_byte_read_restarts_the_30_seconds(timers: Timers) -> None:
    wire = Wire(unread=3)
    watched(wire, timers).expect_reading()
    for unread in (2, 1):
        wire.unread = unread
        timers.pass_by(30)
        assert not wire.aborted
    timers.pass_by(30)
    assert wire.aborted


def test_a_client_that_reads_nothing_of_growing_data_is_disconnected(timers: Timers) -> None:
    wire = Wire(unread=2)
    watched(wire, timers).expect_reading()
    wire.unread = 3
    timers.pass_by(30)
    assert wire.aborted


def test_the_timer_stops_when_everything_is_read(timers: Timers) -> None:
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


def test_starting_the_timer_again_does_not_extend_it(timers: Timers) -> None:
    wire = Wire(unread=2)
    transport = watched(wire, timers)
    transport.expect_reading()
    timers.pass_by(29)
    transport.expect_reading()
    timers.pass_by(1)
    assert wire.aborted


def test_a_client_that_reads_nothing_does_not_delay_closing(timers: Timers) -> None:
    wire = Wire(unread=2)
    watched(wire, timers).close()
    assert wire.closed
    timers.pass_by(30)
    assert wire.aborted


def test_a_client_that_caught_up_has_the_full_time_for_later_data(timers: Timers) -> None:
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


def test_the_timer_stops_after_a_disconnect(timers: Timers) -> None:
    wire = Wire(unread=2)
    transport = watched(wire, timers)
    transport.expect_reading()
    transport.lose()
    timers.pass_by(30)
    assert not wire.aborted
