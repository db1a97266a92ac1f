"""Whether traces or metrics are turned on."""

from typing import TYPE_CHECKING, Final

from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry.otel_environment import exports_metrics, exports_traces

if TYPE_CHECKING:
    from entrypoints.telemetry.telemetry import Telemetry

_EXTRA: Final = ("opentelemetry", "prometheus_client")


def telemetry_class(settings: Settings) -> "type[Telemetry] | None":
    """Return the class that reports traces and metrics; None if both are off.

    Raises InvalidSettings if one is on and its packages are not installed.
    """
    # Evaluate all three, because each may raise InvalidSettings.
    enabled = exports_traces(), exports_metrics(), settings.metrics_port is not None
    if not any(enabled):
        return None
    try:
        from entrypoints.telemetry.telemetry import Telemetry  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise InvalidSettings(
            "METRICS_PORT or an OTEL_ variable turns on telemetry, which is not installed: "
            "install tasks-api[telemetry], or unset the variable"
        ) from error
    return Telemetry
