"""Signals to a supervisor that arrive during another signal."""

import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest
import uvicorn

from entrypoints.server.supervisors import Reload


class Process:
    """A process that can be killed."""

    def kill(self) -> None:
        pass


def supervisor() -> Reload:
    reload = Reload(uvicorn.Config("no:app"), lambda _sockets: None, [])
    reload.process = Process()  # type: ignore[assignment]
    return reload


def test_a_signal_at_any_point_of_another_one_does_not_block_the_supervisor() -> None:
    for point in range(60):
        reload, lines = supervisor(), 0

        def second_signal(frame: FrameType, event: str, _argument: Any, at: int = point) -> Any:
            nonlocal lines
            if event == "line" and frame.f_code.co_name != "first_signal":
                lines += 1
                if lines == at + 1:
                    reload.signal_handler(signal.SIGTERM, None)  # noqa: B023 - of this round
            return second_signal

        def first_signal(handler: Any = reload.signal_handler, trace: Any = second_signal) -> None:
            with suppress(SystemExit):
                sys.settrace(trace)
                try:
                    handler(signal.SIGTERM, None)
                finally:
                    sys.settrace(None)

        thread = threading.Thread(target=first_signal, daemon=True)
        thread.start()
        thread.join(5)
        assert not thread.is_alive(), f"blocked by a signal at line {point}"
        assert reload.should_exit.is_set()
        if lines <= point:
            return
    raise AssertionError("the handler has more lines than were tried")


def test_the_second_signal_kills_the_process_and_exits() -> None:
    reload = supervisor()
    reload.signal_handler(signal.SIGTERM, None)
    with pytest.raises(SystemExit) as exit_:
        reload.signal_handler(signal.SIGTERM, None)
    assert exit_.value.code == 128 + signal.SIGTERM
