"""What telemetry adds to log lines, and which lines it drops."""

import logging

from opentelemetry.sdk.trace import TracerProvider

from entrypoints.telemetry.log_filters import FewComplaints, TraceIds


def record(logger: str, *, after: float = 0) -> logging.LogRecord:
    error = ValueError()
    failure = (ValueError, error, error.__traceback__)
    made = logging.LogRecord(logger, logging.ERROR, "", 0, "x", (), failure)
    made.created = 1_000_000 + after
    made.exc_text = "Traceback"
    return made


def test_opentelemetry_complains_once_a_minute_and_without_a_stack_trace() -> None:
    complaints = FewComplaints()
    first = record("opentelemetry.exporter")
    assert complaints.filter(first)
    assert (first.exc_info, first.exc_text) == (None, None)
    assert not complaints.filter(record("opentelemetry.sdk", after=59))
    assert complaints.filter(record("opentelemetry.exporter", after=60))


def test_other_lines_pass_as_they_are() -> None:
    complaints = FewComplaints()
    for _ in range(2):
        ours = record("entrypoints.http")
        assert complaints.filter(ours)
        assert ours.exc_text == "Traceback"


def test_a_line_has_the_ids_of_the_span_in_which_it_was_logged() -> None:
    outside, inside = record("entrypoints"), record("entrypoints")
    assert TraceIds().filter(outside)
    with TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        assert TraceIds().filter(inside)
    context = span.get_span_context()
    assert "trace_id" not in vars(outside)
    assert vars(inside)["trace_id"] == f"{context.trace_id:032x}"
    assert vars(inside)["span_id"] == f"{context.span_id:016x}"
