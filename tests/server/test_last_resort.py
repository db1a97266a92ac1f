"""The timer that ends a process in any case after its first signal."""

import multiprocessing
import os
import signal
import threading

import pytest
import uvicorn

from entrypoints.server.graceful_server import GracefulServer


@pytest.fixture
def exits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes of exits that are recorded instead of ending this process."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


def signalled(times: int) -> list[threading.Timer]:
    """Return the timers of a server that has received this many signals."""
    before = threading.enumerate()
    server = GracefulServer(uvicorn.Config("no:app"))
    for _ in range(times):
        server.handle_exit(signal.SIGTERM, None)
    timers = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    started = [each for each in timers if each not in before]
    for timer in started:
        timer.cancel()
    return started


def test_the_last_resort_does_not_delay_an_earlier_exit(exits: list[int]) -> None:
    [timer] = signalled(1)
    assert timer.daemon
    assert exits == []


def test_the_second_signal_ends_a_single_process_at_once(exits: list[int]) -> None:
    signalled(2)
    assert exits == [128 + signal.SIGTERM]


def test_a_worker_that_receives_a_signal_twice_stops_gracefully(
    exits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", object)
    signalled(2)
    assert exits == []
