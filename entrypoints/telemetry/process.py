"""Telemetry of the process: delays of its event loop, and open connections."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from entrypoints.server.protocol import Protocol

_MEASURE_EVERY_SECONDS: Final = 0.5
_KEPT: Final = 60
"""Measurements that are kept: half a minute, the usual interval between two exports."""


class ProcessTelemetry:
    """Observes the event loop of this process and the connections of its server."""

    def __init__(self, meter: Meter) -> None:
        self._lags: deque[float] = deque(maxlen=_KEPT)
        self._timer: asyncio.TimerHandle | None = None
        meter.create_observable_gauge(
            "tasks_api.event_loop.lag",
            [self._lag],
            unit="s",
            description="Longest delay of a timer of the event loop in the last half minute.",
        )
        meter.create_observable_up_down_counter(
            "tasks_api.server.connections",
            [self._connections],
            unit="{connection}",
            description="Open connections of clients, idle ones included.",
        )

    def start(self) -> None:
        """Observe the running event loop until ``close``."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(
            _MEASURE_EVERY_SECONDS, self._measure, loop, loop.time() + _MEASURE_EVERY_SECONDS
        )

    def close(self) -> None:
        """Stop observing."""
        if self._timer is not None:
            self._timer.cancel()

    def _measure(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lags.append(max(0.0, loop.time() - due))
        self.start()

    def _lag(self, _: CallbackOptions) -> Iterable[Observation]:
        # Called in another thread. Iterating over a deque that changes could fail; copying does
        # not.
        if lags := self._lags.copy():
            yield Observation(max(lags))

    def _connections(self, _: CallbackOptions) -> Iterable[Observation]:
        yield Observation(Protocol.connections_open)
