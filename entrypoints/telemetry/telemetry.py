"""Traces and metrics of one process, from the service to whoever listens."""

import asyncio
import time
from collections.abc import Sequence
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk import metrics, trace
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NoOpTracerProvider, SpanKind, TracerProvider

from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry import log_filters
from entrypoints.telemetry.database import DatabaseTelemetry
from entrypoints.telemetry.metrics_port import MetricsPort
from entrypoints.telemetry.signals import exports_metrics, exports_traces
from entrypoints.telemetry.tokens import KeySetTelemetry, TokenTelemetry

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

FLUSH_WITHIN: Final = 0.8
"""Seconds that a stopping process spends on what has not been sent yet.

With the 9 that it may spend on requests, it ends within 10, whether the collector listens or not.
"""

_SCOPE: Final = "tasks-api"


class Telemetry:
    """Everything of one process that watches and reports.

    Providers are this object's own and not OpenTelemetry's global ones, so that it ends with the
    application. Where and how to send to, the SDK reads from the OTEL_* variables itself.
    """

    def __init__(self, settings: Settings) -> None:
        """Start reporting. Raises InvalidSettings."""
        self._metrics_port: MetricsPort | None = None
        self._providers: list[trace.TracerProvider | metrics.MeterProvider] = []
        self._resource = _resource()
        try:
            tracers, meters = self._tracers(), self._meters(settings)
        except ValueError as error:
            # The SDK's, about one of its variables.
            raise InvalidSettings(f"telemetry cannot start: {error}") from error
        tracer = tracers.get_tracer(_SCOPE, version(_SCOPE))
        meter = meters.get_meter(_SCOPE, version(_SCOPE))
        self.database = DatabaseTelemetry(tracer, meter)
        self.key_set = KeySetTelemetry(tracer, meter)
        self.request_failed = TokenTelemetry(meter).request_failed
        self.of_requests: TelemetryConfig = {
            "tracer_provider": tracers,
            "meter_provider": meters,
            # They quote what was sent; our own lines tell of every request.
            "logs": False,
            # Of dependencies and serialization, which no route here has.
            "operation_spans": False,
            "auto_configure": False,
        }
        log_filters.install()

    def _tracers(self) -> TracerProvider:
        if not exports_traces():
            return NoOpTracerProvider()
        provider = trace.TracerProvider(resource=self._resource, shutdown_on_exit=False)
        provider.add_span_processor(_WithoutAddresses())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._providers.append(provider)
        return provider

    def _meters(self, settings: Settings) -> MeterProvider:
        readers: list[MetricReader] = []
        if exports_metrics():
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        if settings.metrics_port is not None:
            self._metrics_port = MetricsPort(settings.metrics_port)
            readers.append(self._metrics_port.reader)
        if not readers:
            return NoOpMeterProvider()
        provider = metrics.MeterProvider(readers, resource=self._resource, shutdown_on_exit=False)
        self._providers.append(provider)
        return provider

    async def close(self) -> None:
        """Send what has not been sent, as far as that is possible within FLUSH_WITHIN seconds."""
        # Daemons: what the network still holds up then does not hold up the process.
        threads = [Thread(target=each.shutdown, daemon=True) for each in self._providers]
        if self._metrics_port is not None:
            threads.append(Thread(target=self._metrics_port.close, daemon=True))
        for thread in threads:
            thread.start()
        await asyncio.to_thread(_join, threads, time.monotonic() + FLUSH_WITHIN)


class _WithoutAddresses(trace.SpanProcessor):
    """Takes the request's address out of its span: it names a user. The route stays."""

    def on_start(self, span: trace.Span, parent_context: Context | None = None) -> None:
        if span.kind is SpanKind.SERVER:
            for name in ("url.path", "url.query"):
                if name in (span.attributes or {}):
                    span.set_attribute(name, "REDACTED")


def _resource() -> Resource:
    ours = Resource(
        {
            "service.name": _SCOPE,
            "service.version": version(_SCOPE),
            # Several workers are several sources, or their counters would overwrite each other.
            "service.instance.id": str(uuid4()),
        }
    )
    # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say comes first.
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _join(threads: Sequence[Thread], deadline: float) -> None:
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
