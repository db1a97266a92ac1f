"""Traces and metrics of one process, and their exporters."""

import asyncio
import time
from collections.abc import Sequence
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

from entrypoints.release import REVISION, VERSION
from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry import log_filters
from entrypoints.telemetry.database import DatabaseTelemetry
from entrypoints.telemetry.failures import FailureTelemetry
from entrypoints.telemetry.key_set import KeySetTelemetry
from entrypoints.telemetry.metrics_port import MetricsPort
from entrypoints.telemetry.otel_environment import (
    chooses_exemplars,
    exports_metrics,
    exports_traces,
)
from entrypoints.telemetry.process import ProcessTelemetry

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

FLUSH_WITHIN: Final = 0.8
"""Most seconds that a stopping process takes to send the queued data.

With the 9 s for requests, the process ends within 10 s even if the collector does not respond.
"""

_SCOPE: Final = "tasks-api"

_ADDRESSES: Final = {"url.path", "url.query"}


class Telemetry:
    """The providers of one process and the observers that report to them.

    They are not OpenTelemetry's global providers, so that they end with the application. The SDK
    reads the OTEL_* variables for the address and form of exports.
    """

    def __init__(self, settings: Settings) -> None:
        """Start reporting. Raises InvalidSettings."""
        self._metrics_port: MetricsPort | None = None
        self._providers: list[trace.TracerProvider | metrics.MeterProvider] = []
        self._resource = _resource()
        try:
            tracers, meters = self._tracers(), self._meters(settings)
        except ValueError as error:
            # The SDK raises this for an invalid OTEL_* variable.
            raise InvalidSettings(f"telemetry cannot start: {error}") from error
        tracer = tracers.get_tracer(_SCOPE, VERSION)
        meter = meters.get_meter(_SCOPE, VERSION)
        self.database = DatabaseTelemetry(tracer, meter)
        self.key_set = KeySetTelemetry(tracer, meter)
        self.request_failed = FailureTelemetry(meter, self.database).request_failed
        self.process = ProcessTelemetry(meter)
        self.of_requests: TelemetryConfig = {
            "tracer_provider": tracers,
            "meter_provider": meters,
            # FastAPI's log records quote requests; our log has a line for each request.
            "logs": False,
            # Spans of dependencies and serialization, which the routes here do not use.
            "operation_spans": False,
            "auto_configure": False,
        }
        log_filters.install()

    def _tracers(self) -> TracerProvider:
        if not exports_traces():
            return NoOpTracerProvider()
        provider = trace.TracerProvider(resource=self._resource, shutdown_on_exit=False)
        provider.add_span_processor(_WithoutAddresses(OTLPSpanExporter()))
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
        provider = metrics.MeterProvider(
            readers,
            resource=self._resource,
            shutdown_on_exit=False,
            # Otherwise each measurement would look for its span.
            exemplar_filter=None if chooses_exemplars() else metrics.AlwaysOffExemplarFilter(),
        )
        self._providers.append(provider)
        return provider

    def start(self) -> None:
        """Observe the running event loop."""
        self.process.start()

    async def close(self) -> None:
        """Send the queued data, for at most FLUSH_WITHIN seconds, and stop."""
        self.process.close()
        # Daemon threads, so that a wait for the network does not delay the end of the process.
        threads = [Thread(target=each.shutdown, daemon=True) for each in self._providers]
        if self._metrics_port is not None:
            threads.append(Thread(target=self._metrics_port.close, daemon=True))
        for thread in threads:
            thread.start()
        await asyncio.to_thread(_join, threads, time.monotonic() + FLUSH_WITHIN)


class _WithoutAddresses(BatchSpanProcessor):
    """Redacts the path and query of a request's span, which name a user. The route is kept."""

    def on_start(self, span: trace.Span, parent_context: Context | None = None) -> None:
        if span.kind is SpanKind.SERVER:
            addresses = _ADDRESSES & (span.attributes or {}).keys()
            span.set_attributes(dict.fromkeys(addresses, "REDACTED"))


def _resource() -> Resource:
    ours = Resource(
        {
            "service.name": _SCOPE,
            "service.version": VERSION,
            **({"vcs.ref.head.revision": REVISION} if REVISION else {}),
            # Each worker is a separate source; otherwise their counters would overwrite each other.
            "service.instance.id": str(uuid4()),
        }
    )
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _join(threads: Sequence[Thread], deadline: float) -> None:
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
