"""Tokens: those that opened nothing, and the keys to verify them with."""

from contextlib import AbstractContextManager
from typing import Final

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from application.errors import InvalidToken, UnknownUser
from entrypoints.http.request_errors import MissingToken
from entrypoints.telemetry.operation import BUCKETS, operation

_FAILURES: Final = (MissingToken, InvalidToken, UnknownUser)


class TokenTelemetry:
    """Counts the requests whose token, or lack of one, was answered with 401."""

    def __init__(self, meter: Meter) -> None:
        self._failures = meter.create_counter(
            "tasks_api.token.failures",
            unit="{request}",
            description="Requests refused for their token, by the reason.",
        )

    def request_failed(self, error: Exception) -> None:
        """Count ``error`` if it is about a token."""
        if isinstance(error, _FAILURES):
            # Their messages are some two dozen fixed sentences, the same as in the log.
            reason = {"error.type": type(error).__name__, "reason": str(error)}
            self._failures.add(1, reason)


class KeySetTelemetry:
    """Watches the fetches of the issuer's key set."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._durations = meter.create_histogram(
            "tasks_api.key_set.fetch.duration",
            unit="s",
            description="Duration of a fetch of the issuer's key set, failed ones included.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def fetch(self) -> AbstractContextManager[None]:
        """A fetch runs within this."""
        return operation(self._tracer, self._durations, "fetch key set", attributes={}, details={})
