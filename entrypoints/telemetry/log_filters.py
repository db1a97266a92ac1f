"""What telemetry adds to the log, and what it must not flood it with."""

import logging
from typing import Final

from opentelemetry import trace

COMPLAIN_AGAIN_SECONDS: Final = 60


def install() -> None:
    """Have both filters in every handler that is there now."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(TraceIds())
        handler.addFilter(FewComplaints())


class TraceIds(logging.Filter):
    """Gives lines that are written during a span its ids, as OTLP and Grafana write them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass."""
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return True


class FewComplaints(logging.Filter):
    """Lets one line a minute of OpenTelemetry's pass, without its stack trace.

    A collector that is away would fill the log otherwise, and is no reason to wake anybody.
    """

    def __init__(self) -> None:
        super().__init__()
        self._again_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is somebody else's, or the first one for a while."""
        if not record.name.startswith("opentelemetry."):
            return True
        if record.created < self._again_at:
            return False
        self._again_at = record.created + COMPLAIN_AGAIN_SECONDS
        record.exc_info = record.exc_text = None
        return True
