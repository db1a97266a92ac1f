"""Spans whose duration is also recorded in a histogram."""

from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType

from opentelemetry.metrics import Histogram
from opentelemetry.trace import SpanKind, StatusCode, Tracer


class TimedSpan:
    """Context whose block is recorded as a span and in a histogram.

    Only the type of an error is recorded, because its message may quote a request. The span is not
    made the current span: no block needs it, and it would cost microseconds for each statement.
    """

    __slots__ = ("_attributes", "_durations", "_on_success", "_span", "_started")

    def __init__(  # noqa: PLR0913 - keyword-only
        self,
        tracer: Tracer,
        durations: Histogram,
        name: str,
        *,
        attributes: Mapping[str, str],
        details: Mapping[str, str],
        on_success: Callable[[], None] | None = None,
    ) -> None:
        """Begin the span. ``attributes`` are the histogram's, ``details`` the span's."""
        self._durations = durations
        self._attributes = attributes
        self._on_success = on_success
        self._span = tracer.start_span(name, kind=SpanKind.CLIENT, attributes=details)
        self._started = perf_counter()

    def __enter__(self) -> None:
        """Do nothing: the span has begun."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Record the duration and the error, if any."""
        seconds = perf_counter() - self._started
        attributes = self._attributes
        if error is not None:
            failure = {"error.type": type(error).__name__}
            if sqlstate := getattr(error, "sqlstate", None):
                failure["db.response.status_code"] = sqlstate
            attributes = {**attributes, **failure}
            self._span.set_attributes(failure)
            self._span.set_status(StatusCode.ERROR)
        elif self._on_success is not None:
            self._on_success()
        self._durations.record(seconds, attributes)
        self._span.end()
