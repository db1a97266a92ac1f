"""Telemetry of the issuer's key set."""

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import Tracer

from entrypoints.telemetry.database import BUCKETS
from entrypoints.telemetry.spans import TimedSpan


class KeySetTelemetry:
    """Records the fetches of the issuer's key set, and the age of the last one that succeeded."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._fetched_at: float | None = None
        self._durations = meter.create_histogram(
            "tasks_api.key_set.fetch.duration",
            unit="s",
            description="Duration of a fetch of the issuer's key set, failed ones included.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        meter.create_observable_gauge(
            "tasks_api.key_set.age",
            [self._age],
            unit="s",
            description="Time since the issuer's key set was last fetched.",
        )

    def _age(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._fetched_at is not None:
            yield Observation(time.monotonic() - self._fetched_at)

    def fetch(self) -> AbstractContextManager[None]:
        """Return the context in which a fetch runs."""
        return TimedSpan(
            self._tracer,
            self._durations,
            "fetch key set",
            attributes={},
            details={},
            on_success=self._fetched,
        )

    def _fetched(self) -> None:
        self._fetched_at = time.monotonic()
