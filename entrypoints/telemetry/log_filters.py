"""Log filters: add trace ids to lines, and limit OpenTelemetry's own lines."""

import logging
from typing import Final

from opentelemetry import trace

COMPLAIN_AGAIN_SECONDS: Final = 60


def install() -> None:
    """Add both filters to every handler of the root logger."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(TraceIds())
        handler.addFilter(FewComplaints())


class TraceIds(logging.Filter):
    """Adds the ids of the current span to a line, in the hexadecimal form of OTLP."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the ids; never drop a line."""
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            record.trace_id = trace.format_trace_id(context.trace_id)
            record.span_id = trace.format_span_id(context.span_id)
        return True


class FewComplaints(logging.Filter):
    """Passes one line per minute from OpenTelemetry, without its stack trace.

    Otherwise a collector that cannot be reached would fill the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._again_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is not from OpenTelemetry, or is its first in a minute."""
        if not record.name.startswith("opentelemetry."):
            return True
        if record.created < self._again_at:
            return False
        self._again_at = record.created + COMPLAIN_AGAIN_SECONDS
        record.exc_info = record.exc_text = None
        return True
