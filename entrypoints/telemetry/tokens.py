"""Telemetry of refused tokens and of the key set."""

from contextlib import AbstractContextManager
from typing import Final

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from application.errors import InvalidToken, MissingToken, UnknownUser
from entrypoints.telemetry.database import BUCKETS
from entrypoints.telemetry.spans import timed_span

_FAILURES: Final = (MissingToken, InvalidToken, UnknownUser)


class TokenTelemetry:
    """Counts the requests that were answered with 401."""

    def __init__(self, meter: Meter) -> None:
        self._failures = meter.create_counter(
            "tasks_api.token.failures",
            unit="{request}",
            description="Requests refused for their token, by the reason.",
        )

    def request_failed(self, error: Exception) -> None:
        """Count ``error`` if it is about a token."""
        if isinstance(error, _FAILURES):
            # A message of InvalidToken quotes the token's claims. The others are fixed sentences.
            reason = error.check if isinstance(error, InvalidToken) else str(error)
            self._failures.add(1, {"error.type": type(error).__name__, "reason": reason})


class KeySetTelemetry:
    """Records the fetches of the issuer's key set."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._durations = meter.create_histogram(
            "tasks_api.key_set.fetch.duration",
            unit="s",
            description="Duration of a fetch of the issuer's key set, failed ones included.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def fetch(self) -> AbstractContextManager[None]:
        """Return the context in which a fetch runs."""
        return timed_span(self._tracer, self._durations, "fetch key set", attributes={}, details={})
