"""Spans whose duration is also recorded in a histogram."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

from opentelemetry.metrics import Histogram
from opentelemetry.trace import SpanKind, StatusCode, Tracer


@contextmanager
def timed_span(
    tracer: Tracer,
    durations: Histogram,
    name: str,
    *,
    attributes: Mapping[str, str],
    details: Mapping[str, str],
) -> Iterator[None]:
    """Record the block as a span and in ``durations``. ``details`` are set on the span only.

    Of an error only the type is recorded: its message may quote a request.
    """
    failure: dict[str, str] = {}
    started = perf_counter()
    with tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes={**attributes, **details},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            failure["error.type"] = type(error).__name__
            if sqlstate := getattr(error, "sqlstate", None):
                failure["db.response.status_code"] = sqlstate
            span.set_attributes(failure)
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            # Inside the span, so that the measurement can refer to it as an exemplar.
            durations.record(perf_counter() - started, {**attributes, **failure})
