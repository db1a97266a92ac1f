"""Telemetry of statements and of the connection pool."""

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cache
from typing import Final

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import Tracer

from entrypoints.telemetry.spans import TimedSpan

BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""Upper bounds in seconds, those of the semantic conventions for databases."""

_SYSTEM: Final = {"db.system.name": "postgresql"}
_POOL: Final = {"db.client.connection.pool.name": "tasks-api"}
_TARGET: Final = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)")

PoolUse = tuple[int, int, int, int]
"""Used, idle, limit, waiting."""


class DatabaseTelemetry:
    """Records the statements and the pool of one database."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._meter = meter
        self._durations = meter.create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of a statement, without the wait for a connection.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._creations = meter.create_histogram(
            "db.client.connection.create_time",
            unit="s",
            description="Time to open a connection, failed ones included.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._available: bool | None = None
        meter.create_observable_gauge(
            "tasks_api.storage.available",
            [self._availability],
            description="1 if the last operation reached the database, 0 if it did not.",
        )
        self._revision: str | None = None
        meter.create_observable_gauge(
            "tasks_api.schema.revision",
            [self._revisions],
            description="1, with the revision of the schema that this process serves on.",
        )
        self._waits = meter.create_histogram(
            "db.client.connection.wait_time",
            unit="s",
            description="Time an operation waited for a connection, opening it included.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def watch_pool(self, use: Callable[[], PoolUse]) -> None:
        def count(_: CallbackOptions) -> Iterable[Observation]:
            used, idle, _limit, _waiting = use()
            yield Observation(used, {**_POOL, "db.client.connection.state": "used"})
            yield Observation(idle, {**_POOL, "db.client.connection.state": "idle"})

        def limit(_: CallbackOptions) -> Iterable[Observation]:
            yield Observation(use()[2], _POOL)

        def waiting(_: CallbackOptions) -> Iterable[Observation]:
            yield Observation(use()[3], _POOL)

        self._meter.create_observable_up_down_counter(
            "db.client.connection.count",
            [count],
            unit="{connection}",
            description="Open connections, by whether an operation uses them.",
        )
        self._meter.create_observable_up_down_counter(
            "db.client.connection.max",
            [limit],
            unit="{connection}",
            description="Most connections of this process.",
        )
        self._meter.create_observable_up_down_counter(
            "db.client.connection.pending_requests",
            [waiting],
            unit="{request}",
            description="Operations that wait for a connection.",
        )

    def got_connection(self, seconds: float) -> None:
        self._waits.record(seconds, _POOL)

    def no_connection(self, seconds: float, error: Exception) -> None:
        self._waits.record(seconds, {**_POOL, "error.type": type(error).__name__})

    def connecting(self) -> AbstractContextManager[None]:
        return TimedSpan(
            self._tracer, self._creations, "connect", attributes=_POOL, details=_SYSTEM | _POOL
        )

    def statement(self, text: bytes) -> AbstractContextManager[None]:
        name, attributes, details = _described(text)
        return TimedSpan(
            self._tracer,
            self._durations,
            name,
            attributes=attributes,
            details=details,
            on_success=self._was_reached,
        )

    def _was_reached(self) -> None:
        self._available = True

    def serves(self, revision: str) -> None:
        self._revision = revision

    def is_out_of_reach(self) -> None:
        """Record that an operation could not use the database."""
        self._available = False

    def _availability(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._available is not None:
            yield Observation(int(self._available))

    def _revisions(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._revision is not None:
            yield Observation(1, {"revision": self._revision})


@cache
def _described(statement: bytes) -> tuple[str, dict[str, str], dict[str, str]]:
    # The cache is bounded: there are about a dozen statements, and they contain no values.
    text = statement.decode()
    verb = text.split(None, 1)[0]
    target = _TARGET.search(text)
    attributes = _SYSTEM | {"db.operation.name": verb}
    if target is not None:
        attributes["db.collection.name"] = target[1]
    name = f"{verb} {target[1]}" if target is not None else verb
    return name, attributes, attributes | {"db.query.text": text, "db.query.summary": name}
