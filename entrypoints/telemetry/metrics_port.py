"""A port of its own on which Prometheus finds the metrics."""

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry, start_http_server

from entrypoints.settings import InvalidSettings


class MetricsPort:
    """Serves ``/metrics`` from a thread, away from the API and from whoever can reach that."""

    def __init__(self, port: int) -> None:
        """Raise InvalidSettings when nothing can listen there."""
        # A registry of its own: the global one adds what prometheus_client finds worth telling.
        registry = CollectorRegistry()
        self.reader = PrometheusMetricReader(registry=registry, scope_info_enabled=False)
        try:
            # Reached from outside of the container, as the API is.
            self._server, _ = start_http_server(port, "0.0.0.0", registry)  # noqa: S104
        except OSError as error:
            raise InvalidSettings(f"METRICS_PORT {port} cannot be used: {error}") from error

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
