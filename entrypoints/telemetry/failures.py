"""Telemetry of requests that fail: why a token is refused, and what causes a 500."""

from http import HTTPStatus
from typing import Final

from opentelemetry.metrics import Meter
from opentelemetry.trace import get_current_span

from application.errors import InvalidToken, MissingToken, StorageUnavailable, UnknownUser
from entrypoints.telemetry.database import DatabaseTelemetry

_TOKEN_FAILURES: Final = (MissingToken, InvalidToken, UnknownUser)


class FailureTelemetry:
    """Counts failed requests by their cause, and sets it on the request's span."""

    def __init__(self, meter: Meter, database: DatabaseTelemetry) -> None:
        self._database = database
        self._refused_tokens = meter.create_counter(
            "tasks_api.token.failures",
            unit="{request}",
            description="Requests refused for their token, by the reason.",
        )
        self._faults = meter.create_counter(
            "tasks_api.request.faults",
            unit="{request}",
            description="Requests that failed through no fault of the client's, by the cause.",
        )

    def request_failed(self, error: Exception, status: int) -> None:
        """Count an error that a token or the service causes; ``status`` is that of the response."""
        if isinstance(error, _TOKEN_FAILURES):
            # Messages of InvalidToken quote the token's claims. The others are fixed sentences.
            reason = error.check if isinstance(error, InvalidToken) else str(error)
            attributes = {"error.type": type(error).__name__, "reason": reason}
            self._refused_tokens.add(1, attributes)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            cause = error.__cause__
            attributes = {
                "error.type": type(error).__name__,
                "cause": "" if cause is None else type(cause).__name__,
            }
            self._faults.add(1, attributes)
            if isinstance(error, StorageUnavailable):
                self._database.is_out_of_reach()
        else:
            return
        # Use our own names, because FastAPI sets ``error.type`` to the status.
        get_current_span().set_attributes(
            {f"tasks_api.{name}": value for name, value in attributes.items()}
        )
