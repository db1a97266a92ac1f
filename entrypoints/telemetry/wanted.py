"""Whether anybody listens."""

from typing import TYPE_CHECKING, Final

from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry.signals import exports_metrics, exports_traces

if TYPE_CHECKING:
    from entrypoints.telemetry.telemetry import Telemetry

_EXTRA: Final = ("opentelemetry", "prometheus_client")


def telemetry_class(settings: Settings) -> "type[Telemetry] | None":
    """What to report with; None when nobody asks for traces or metrics.

    Raises InvalidSettings when somebody does and what it takes is not installed.
    """
    # All three, so that what is wrong with one is not hidden by another.
    wanted = exports_traces(), exports_metrics(), settings.metrics_port is not None
    if not any(wanted):
        return None
    try:
        from entrypoints.telemetry.telemetry import Telemetry  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise InvalidSettings(
            "METRICS_PORT or OTEL_… asks for telemetry, which is not installed: "
            "install tasks-api[telemetry], or unset them"
        ) from error
    return Telemetry
