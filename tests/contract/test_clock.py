"""Every adapter keeps the contract of the port Clock."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.system.clock import SystemClock
from application.ports.clock import Clock
from tests.clock import SettableClock


@pytest.mark.parametrize("clock", [SystemClock(), SettableClock()], ids=lambda c: type(c).__name__)
def test_the_time_is_aware_and_utc(clock: Clock) -> None:
    assert clock.now().tzinfo is UTC


def test_the_system_clock_returns_the_current_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
