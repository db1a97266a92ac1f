"""An OTLP receiver on a real socket that keeps what it receives."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Receiver:
    """Everything received so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.key_set = b""
        """The response at /jwks, as an issuer's."""

    @property
    def everything(self) -> str:
        """Everything as text."""
        return "\n".join(map(str, [*self.traces, *self.metrics]))

    @property
    def resources(self) -> list[dict[str, str]]:
        found = [each.resource for sent in self.traces for each in sent.resource_spans]
        found += [each.resource for sent in self.metrics for each in sent.resource_metrics]
        return [attributes(resource) for resource in found]

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for sent in self.traces
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def points(self, name: str) -> list[Any]:
        """Return the data points of one metric that each process sent last."""
        latest: dict[str, Any] = {}
        for sent in self.metrics:
            for resource in sent.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        if metric.name == name:
                            latest[attributes(resource.resource)["service.instance.id"]] = metric
        return [
            point
            for metric in latest.values()
            for point in getattr(metric, str(metric.WhichOneof("data"))).data_points
        ]


def attributes(holder: Any) -> dict[str, Any]:
    """Return the attributes of a span, a data point or a resource."""
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value")))
        for each in holder.attributes
    }


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                receiver.traces.append(ExportTraceServiceRequest.FromString(body))
            elif self.path == "/v1/metrics":
                receiver.metrics.append(ExportMetricsServiceRequest.FromString(body))
            else:
                raise AssertionError(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/jwks" else 404)
            self.send_header("Content-Length", str(len(receiver.key_set)))
            self.end_headers()
            self.wfile.write(receiver.key_set)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
