"""Traces and metrics that a running service sends to a collector and serves to Prometheus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from adapters.embedded.server import EmbeddedPostgres
from entrypoints.release import VERSION
from tests.conftest import new_database
from tests.ports import free_port
from tests.process.service import SECRET, Service, started
from tests.process.service import token as mint
from tests.telemetry.receiver import Receiver, attributes, receiving
from tests.waiting import eventually

pytestmark = [pytest.mark.process, pytest.mark.postgres]

TITLE = "s3cr3t-title"
USER = "s3cr3t-user"
TASKS = "/api/{user_id}/tasks"
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def metrics_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def database(postgres_server: EmbeddedPostgres, _migrated_template: str) -> Iterator[str]:
    with new_database(postgres_server.url, template=_migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, database: str, receiver: Receiver, metrics_port: int
) -> Iterator[Service]:
    settings = {
        "NEON_DB_URL": database,
        "BETTER_AUTH_SECRET": SECRET,
        "METRICS_PORT": str(metrics_port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    folder = tmp_path_factory.mktemp("service")
    with started("serve", "--host", "127.0.0.1", cwd=folder, **OFTEN, **settings) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="module")
def token(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO users (id) VALUES (%s)", [USER])
    return mint(USER)


@pytest.fixture(scope="module")
def client(service: Service, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{service.url}/api/{USER}", headers=headers) as client:
        yield client


def span_of(receiver: Receiver, trace_id: str, name: str) -> Span:
    """The only span of this name in this trace, as soon as it has been received."""

    def look() -> list[Span]:
        return [
            span for span in receiver.spans if (span.trace_id.hex(), span.name) == (trace_id, name)
        ]

    [span] = eventually(look)
    return span


def point(receiver: Receiver, metric: str, **wanted: Any) -> Any:
    """The data point with these attributes, dots written as underscores."""

    def look() -> list[Any]:
        return [
            point
            for point in receiver.points(metric)
            if wanted.items()
            <= {name.replace(".", "_"): value for name, value in attributes(point).items()}.items()
        ]

    [found] = eventually(look)
    return found


def count(receiver: Receiver, metric: str, **wanted: Any) -> int:
    """Return the number of measurements so far, of all processes."""
    return sum(
        point.count
        for point in receiver.points(metric)
        if wanted.items()
        <= {name.replace(".", "_"): value for name, value in attributes(point).items()}.items()
    )


def test_a_trace_contains_the_callers_span_the_request_and_its_statement(
    client: httpx.Client, receiver: Receiver
) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    assert client.post("/tasks", json={"title": TITLE}, headers=headers).status_code == 201
    request = span_of(receiver, TRACE, f"POST {TASKS}")
    statement = span_of(receiver, TRACE, "INSERT tasks")
    assert request.kind == Span.SPAN_KIND_SERVER
    assert request.parent_span_id.hex() == PARENT
    assert attributes(request)["http.route"] == TASKS
    assert attributes(request)["http.response.status_code"] == 201
    assert statement.kind == Span.SPAN_KIND_CLIENT
    assert statement.parent_span_id == request.span_id
    assert attributes(statement)["db.system.name"] == "postgresql"
    assert attributes(statement)["db.query.text"].startswith("INSERT INTO tasks (user_id, title,")


def test_a_log_line_names_the_trace_and_the_span_of_its_request(
    client: httpx.Client, service: Service, receiver: Receiver
) -> None:
    client.get("/tasks", headers={"X-Request-ID": "look-me-up"})
    line = service.logged(request_id="look-me-up")
    request = span_of(receiver, line["trace_id"], f"GET {TASKS}")
    assert request.span_id.hex() == line["span_id"]


def test_requests_are_timed_and_counted_by_route_and_status(
    client: httpx.Client, receiver: Receiver
) -> None:
    for number in range(3):
        assert client.get(f"/tasks/{number + 1000}").status_code == 404
    wanted = {
        "http_route": f"{TASKS}/{{task_id}}",
        "http_request_method": "GET",
        "http_response_status_code": 404,
    }
    eventually(lambda: count(receiver, "http.server.request.duration", **wanted) == 3)
    assert point(receiver, "http.server.request.duration", **wanted).sum > 0


def test_the_use_of_the_pool_is_measured(client: httpx.Client, receiver: Receiver) -> None:
    client.get("/tasks")
    assert point(receiver, "db.client.connection.max").as_int == 10
    eventually(lambda: point(receiver, "db.client.connection.pending_requests").as_int == 0)
    eventually(
        lambda: (
            point(receiver, "db.client.connection.count", db_client_connection_state="idle").as_int
        )
    )
    assert count(receiver, "db.client.connection.wait_time") > 0
    assert count(receiver, "db.client.operation.duration", db_operation_name="SELECT") > 0


def test_refused_tokens_are_counted_by_reason(
    service: Service, receiver: Receiver, token: str
) -> None:
    url = f"/api/{USER}/tasks"
    for number, bearer in enumerate((f"{token[:-6]}AAAAAA", "x", "x"), 1):
        trace = f"{number:032x}"
        headers = {"Authorization": f"Bearer {bearer}", "traceparent": f"00-{trace}-{PARENT}-01"}
        assert service.get(url, headers=headers).status_code == 401
        reason = "form" if bearer == "x" else "signature"
        request = attributes(span_of(receiver, trace, f"GET {TASKS}"))
        assert request["tasks_api.reason"] == reason
    assert service.get(url).status_code == 401

    def reasons() -> dict[tuple[str, str], int]:
        return {
            (attributes(point)["error.type"], attributes(point)["reason"]): point.as_int
            for point in receiver.points("tasks_api.token.failures")
        }

    expected = {
        ("InvalidToken", "signature"): 1,
        ("InvalidToken", "form"): 2,
        ("MissingToken", "Missing bearer token"): 1,
    }
    # Other tests cause failures for other reasons.
    eventually(lambda: expected.items() <= reasons().items())


def test_of_a_failed_statement_only_the_type_of_its_error_is_recorded(
    service: Service, receiver: Receiver
) -> None:
    headers = {
        "Authorization": f"Bearer {mint('nobody')}",
        "traceparent": f"00-{TRACE[::-1]}-{PARENT}-01",
    }
    url = f"{service.url}/api/nobody/tasks"
    assert httpx.post(url, json={"title": TITLE}, headers=headers).status_code == 401
    statement = span_of(receiver, TRACE[::-1], "INSERT tasks")
    assert statement.status.code == Status.STATUS_CODE_ERROR
    assert attributes(statement)["error.type"] == "ForeignKeyViolation"
    assert not statement.events


def test_no_signal_contains_a_user_a_title_or_a_token(
    client: httpx.Client, service: Service, receiver: Receiver, token: str, metrics_port: int
) -> None:
    client.post("/tasks?status=s3cr3t-query", json={"title": TITLE})
    service.get(f"/s3cr3t-path/{USER}")
    before = len(receiver.metrics)
    last = client.get("/tasks", headers={"traceparent": f"00-{'5' * 32}-{PARENT}-01"})
    assert last.status_code == 200
    span_of(receiver, "5" * 32, f"GET {TASKS}")
    eventually(lambda: len(receiver.metrics) > before + 1)
    shown = receiver.everything + httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    assert "INSERT tasks" in shown
    for secret in ("s3cr3t", token, token.split(".")[1], SECRET):
        assert secret not in shown


def test_prometheus_reads_the_same_metrics_on_a_separate_port(
    client: httpx.Client, service: Service, metrics_port: int
) -> None:
    client.get("/tasks")
    shown = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    for metric in (
        "http_server_request_duration_seconds_count{",
        "db_client_operation_duration_seconds_bucket{",
        "db_client_connection_count{",
        "db_client_connection_pending_requests{",
        'target_info{deployment_environment_name="test"',
    ):
        assert metric in shown
    assert service.get("/metrics").status_code == 404


def test_every_worker_sends_its_own_metrics_which_name_the_release(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = {
        "STORAGE": "memory",
        "BETTER_AUTH_SECRET": SECRET,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_SERVICE_NAME": "two-workers",
        "TASKS_API_REVISION": "5eed",
    }
    with started("serve", "--workers", "2", cwd=tmp_path, **OFTEN, **settings) as service:
        service.wait_until_ready()

        def both_have_sent() -> bool:
            service.get()
            return len({r["service.instance.id"] for r in resources()}) == 2

        def resources() -> list[dict[str, str]]:
            return [each for each in receiver.resources if each["service.name"] == "two-workers"]

        eventually(both_have_sent, seconds=20)
        assert f"tasks-api {VERSION} (5eed) starts, 2 processes" in service.log
        assert service.stop() == 0
    for each in resources():
        assert (each["service.version"], each["vcs.ref.head.revision"]) == (VERSION, "5eed")


def test_the_last_request_is_sent_before_the_service_ends(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = {
        "STORAGE": "memory",
        "BETTER_AUTH_SECRET": SECRET,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_SERVICE_NAME": "ending",
    }
    with started("serve", cwd=tmp_path, **settings) as service:
        service.wait_until_ready()
        service.get(headers={"traceparent": f"00-{'7' * 32}-{PARENT}-01"})
        assert service.stop() == 0
    assert any(span.trace_id.hex() == "7" * 32 for span in receiver.spans)
    assert sum(
        point.count
        for point in receiver.points("http.server.request.duration")
        if attributes(point).get("http.response.status_code") == 404
    )
