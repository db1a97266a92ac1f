"""The measurements, read from the SDK in this process."""

import asyncio
import time
from typing import Any

import psycopg
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from application.errors import ExpiredToken, MissingToken, StorageUnavailable, UnknownUser
from entrypoints.server.protocol import Protocol
from entrypoints.telemetry.database import DatabaseTelemetry
from entrypoints.telemetry.failures import FailureTelemetry
from entrypoints.telemetry.key_set import KeySetTelemetry
from entrypoints.telemetry.process import ProcessTelemetry
from tests.waiting import until

STATEMENT = b"SELECT id FROM tasks WHERE user_id = $1"


class Measured:
    """Providers that keep what is measured."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self._exporter = InMemorySpanExporter()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = tracers.get_tracer("test")
        self.meter = MeterProvider([self._reader]).get_meter("test")
        self.database = DatabaseTelemetry(self.tracer, self.meter)

    def points(self, name: str) -> list[Any]:
        data = self._reader.get_metrics_data()
        metrics = [
            metric
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [point for each in metrics if each.name == name for point in each.data.data_points]

    def value(self, name: str) -> Any:
        [point] = self.points(name)
        return point.value

    def attributes(self, name: str) -> list[dict[str, Any]]:
        return [dict(point.attributes) for point in self.points(name)]

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def measured() -> Measured:
    return Measured()


def failed(error: Exception, cause: BaseException | None = None) -> Exception:
    error.__cause__ = cause
    return error


REFUSED = {
    "expiry": ExpiredToken("the token expired 5 s ago"),
    "the header is missing": MissingToken("the header is missing"),
    "no such user": UnknownUser("no such user"),
}


@pytest.mark.parametrize(("reason", "error"), REFUSED.items(), ids=REFUSED)
def test_a_401_is_counted_by_its_reason_which_is_also_on_the_span(
    measured: Measured, reason: str, error: Exception
) -> None:
    failures = FailureTelemetry(measured.meter, measured.database)
    with measured.tracer.start_as_current_span("request"):
        failures.request_failed(error, 401)
    expected = {"error.type": type(error).__name__, "reason": reason}
    assert measured.attributes("tasks_api.token.failures") == [expected]
    span = measured.spans["request"].attributes
    assert span is not None
    assert span["tasks_api.reason"] == reason
    assert not measured.points("tasks_api.request.faults")


def test_a_500_is_counted_by_its_cause_which_is_also_on_the_span(measured: Measured) -> None:
    failures = FailureTelemetry(measured.meter, measured.database)
    with measured.tracer.start_as_current_span("request"):
        failures.request_failed(failed(StorageUnavailable("late"), TimeoutError()), 500)
    failures.request_failed(ValueError("unforeseen"), 500)
    assert measured.attributes("tasks_api.request.faults") == [
        {"error.type": "StorageUnavailable", "cause": "TimeoutError"},
        {"error.type": "ValueError", "cause": ""},
    ]
    span = measured.spans["request"].attributes
    assert span is not None
    assert span["tasks_api.error.type"] == "StorageUnavailable"
    assert span["tasks_api.cause"] == "TimeoutError"


def test_an_error_of_the_client_is_no_fault(measured: Measured) -> None:
    FailureTelemetry(measured.meter, measured.database).request_failed(ValueError(), 422)
    assert not measured.points("tasks_api.request.faults")
    assert not measured.points("tasks_api.token.failures")


def test_the_storage_is_available_until_an_operation_fails_and_again_after_a_statement(
    measured: Measured,
) -> None:
    failures = FailureTelemetry(measured.meter, measured.database)
    assert not measured.points("tasks_api.storage.available")
    with measured.database.statement(STATEMENT):
        pass
    assert measured.value("tasks_api.storage.available") == 1
    failures.request_failed(ValueError(), 500)
    assert measured.value("tasks_api.storage.available") == 1
    failures.request_failed(StorageUnavailable("gone"), 500)
    assert measured.value("tasks_api.storage.available") == 0
    with pytest.raises(psycopg.OperationalError), measured.database.statement(STATEMENT):
        raise psycopg.OperationalError
    assert measured.value("tasks_api.storage.available") == 0
    with measured.database.statement(STATEMENT):
        pass
    assert measured.value("tasks_api.storage.available") == 1


def test_a_failed_statement_is_recorded_with_its_sqlstate(measured: Measured) -> None:
    error = psycopg.errors.LockNotAvailable
    with pytest.raises(error), measured.database.statement(STATEMENT):
        raise error
    [attributes] = measured.attributes("db.client.operation.duration")
    assert attributes["error.type"] == "LockNotAvailable"
    assert attributes["db.response.status_code"] == "55P03"
    span = measured.spans["SELECT tasks"].attributes
    assert span is not None
    assert span["db.response.status_code"] == "55P03"


def test_opening_a_connection_has_a_span_and_a_duration(measured: Measured) -> None:
    with measured.database.connecting():
        pass
    assert measured.spans["connect"].attributes
    assert [point.count for point in measured.points("db.client.connection.create_time")] == [1]


def test_the_revision_of_the_schema_is_a_metric_once_it_is_known(measured: Measured) -> None:
    assert not measured.points("tasks_api.schema.revision")
    measured.database.serves("0001")
    assert measured.attributes("tasks_api.schema.revision") == [{"revision": "0001"}]


def test_the_age_of_the_key_set_counts_from_the_last_fetch_that_succeeded(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    key_set = KeySetTelemetry(measured.tracer, measured.meter)
    assert not measured.points("tasks_api.key_set.age")
    with key_set.fetch():
        pass
    now += 7
    with pytest.raises(OSError), key_set.fetch():  # noqa: PT011 - any error
        raise OSError
    assert measured.value("tasks_api.key_set.age") == 7


async def test_the_lag_is_that_of_the_longest_delay(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrypoints.telemetry.process._MEASURE_EVERY_SECONDS", 0.01)
    process = ProcessTelemetry(measured.meter)
    assert not measured.points("tasks_api.event_loop.lag")
    process.start()
    await until(lambda: bool(measured.points("tasks_api.event_loop.lag")))
    time.sleep(0.3)  # noqa: ASYNC251 - what a busy process does
    await until(lambda: measured.value("tasks_api.event_loop.lag") > 0.2)
    process.close()
    assert measured.value("tasks_api.event_loop.lag") < 5


def test_the_connections_of_clients_are_a_metric(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "connections_open", 3)
    process = ProcessTelemetry(measured.meter)
    assert measured.value("tasks_api.server.connections") == 3
    process.close()


@pytest.mark.parametrize(
    "error", [ValueError("s3cr3t"), asyncio.CancelledError("s3cr3t")], ids=repr
)
def test_a_statement_that_does_not_end_well_is_no_success_and_its_message_is_not_recorded(
    measured: Measured, error: BaseException
) -> None:
    with pytest.raises(type(error)), measured.database.statement(STATEMENT):
        raise error
    [attributes] = measured.attributes("db.client.operation.duration")
    span = measured.spans["SELECT tasks"]
    assert span.attributes is not None
    assert attributes["error.type"] == span.attributes["error.type"] == type(error).__name__
    assert span.status.status_code is StatusCode.ERROR
    assert "s3cr3t" not in span.to_json()


def test_a_statement_that_ends_well_has_no_error(measured: Measured) -> None:
    with measured.database.statement(STATEMENT):
        pass
    assert "error.type" not in measured.attributes("db.client.operation.duration")[0]
    assert measured.spans["SELECT tasks"].status.status_code is StatusCode.UNSET


def test_a_wait_for_a_connection_is_recorded_with_what_ended_it(measured: Measured) -> None:
    measured.database.got_connection(0.5)
    measured.database.no_connection(6.5, TimeoutError())
    waits = {
        point.attributes.get("error.type"): (point.count, point.sum)
        for point in measured.points("db.client.connection.wait_time")
    }
    assert waits == {None: (1, 0.5), "TimeoutError": (1, 6.5)}


def test_each_number_of_the_pool_has_its_place(measured: Measured) -> None:
    measured.database.watch_pool(lambda: (1, 2, 10, 4))
    states = {
        point.attributes["db.client.connection.state"]: point.value
        for point in measured.points("db.client.connection.count")
    }
    assert states == {"used": 1, "idle": 2}
    assert measured.value("db.client.connection.max") == 10
    assert measured.value("db.client.connection.pending_requests") == 4
