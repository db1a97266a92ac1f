"""Determine which signals OpenTelemetry's environment variables turn on.

The SDK reads the variables itself, only from the environment. This module decides whether the SDK
is started, by the rules of FastAPI's own set-up.
"""

import os

from entrypoints.settings import InvalidSettings


def exports_traces() -> bool:
    """Return whether traces are sent to a collector. Raises InvalidSettings."""
    return _exports("TRACES")


def exports_metrics() -> bool:
    """Return whether metrics are sent to a collector. Raises InvalidSettings."""
    return _exports("METRICS")


def chooses_exemplars() -> bool:
    """Return whether a variable chooses exemplars. By default they are off, to save time."""
    return bool(_value("METRICS_EXEMPLAR_FILTER"))


def _exports(signal: str) -> bool:
    if _value("SDK_DISABLED").lower() == "true":
        return False
    exporter = _value(f"{signal}_EXPORTER").lower()
    if exporter not in {"", "otlp", "none"}:
        raise InvalidSettings(f"OTEL_{signal}_EXPORTER must be otlp or none")
    endpoint = _value(f"EXPORTER_OTLP_{signal}_ENDPOINT") or _value("EXPORTER_OTLP_ENDPOINT")
    if exporter == "none" or not (exporter or endpoint):
        return False
    protocol = _value(f"EXPORTER_OTLP_{signal}_PROTOCOL") or _value("EXPORTER_OTLP_PROTOCOL")
    if protocol not in {"", "http/protobuf"}:
        raise InvalidSettings("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf (port 4318)")
    return True


def _value(name: str) -> str:
    return os.environ.get(f"OTEL_{name}", "").strip()
