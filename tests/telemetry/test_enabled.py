"""METRICS_PORT and the OTEL_* variables that turn telemetry on."""

import os
from typing import Any

import pytest

from entrypoints.settings import InvalidSettings, Settings, StorageKind
from entrypoints.telemetry.enabled import telemetry_class
from entrypoints.telemetry.otel_environment import exports_metrics, exports_traces

COLLECTOR = "http://127.0.0.1:4318"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, storage=StorageKind.MEMORY, **values)


@pytest.mark.parametrize(
    ("variables", "traces", "metrics"),
    [
        ({}, False, False),
        ({"OTEL_SERVICE_NAME": "tasks"}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR}, True, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": COLLECTOR}, True, False),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, False, True),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR, "OTEL_TRACES_EXPORTER": "none"},
            False,
            True,
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR, "OTEL_SDK_DISABLED": "true"}, False, False),
    ],
)
def test_each_signal_is_sent_if_its_variables_turn_it_on(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], traces: bool, metrics: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert exports_traces() is traces
    assert exports_metrics() is metrics
    assert (telemetry_class(settings()) is not None) is (traces or metrics)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_unsupported_values_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR)
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=name):
        telemetry_class(settings())


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_metrics_port_is_a_port(port: str) -> None:
    with pytest.raises(InvalidSettings, match="METRICS_PORT"):
        settings(metrics_port=port)


def test_a_metrics_port_alone_is_enough() -> None:
    assert telemetry_class(settings(metrics_port=9464)) is not None
