"""A separate port that serves metrics to Prometheus."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, start_http_server

from entrypoints.settings import InvalidSettings


class MetricsPort:
    """Serves ``/metrics`` in a thread, on a port that the API's clients do not use."""

    def __init__(self, port: int) -> None:
        """Start serving. Raise InvalidSettings if the port cannot be used."""
        # Not the global registry, to which prometheus_client adds its own metrics.
        registry = CollectorRegistry()
        self.reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
        try:
            # All interfaces, so that it can be reached from outside the container, like the API.
            self._server, _ = start_http_server(port, "0.0.0.0", registry)  # noqa: S104
        except OSError as error:
            raise InvalidSettings(f"METRICS_PORT {port} cannot be used: {error}") from error

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
