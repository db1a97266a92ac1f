"""The service works without telemetry, and without a collector that responds."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.calling import Call
from tests.ports import free_port
from tests.process.service import SECRET, environment, run, started

pytestmark = pytest.mark.process

MEMORY = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}

LOADED = """
import json, sys
from entrypoints.asgi import create
app = create()
print(json.dumps(sorted(sys.modules)))
"""


def loaded(folder: Path, **settings: str) -> set[str]:
    """The modules that an application has imported."""
    output = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=folder,
        env=environment(**MEMORY, **settings),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return set(json.loads(output))


def test_no_module_of_the_sdk_is_imported_when_telemetry_is_off(tmp_path: Path) -> None:
    modules = loaded(tmp_path)
    assert not {"opentelemetry.sdk", "prometheus_client", "requests"} & modules
    assert "entrypoints.telemetry.telemetry" not in modules


def test_metrics_work_without_traces(tmp_path: Path) -> None:
    port = free_port()
    with started("serve", cwd=tmp_path, **MEMORY, METRICS_PORT=str(port)) as service:
        service.wait_until_ready()
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'http_route="/health/ready"' in shown
        assert "trace_id" not in service.logged(route="/health/ready")
        assert service.stop() == 0


@contextmanager
def a_collector_that(behaves: str) -> Iterator[str]:
    """Yield the URL of a collector that refuses connections, or accepts them and never answers."""
    if behaves == "refuses":
        yield f"http://127.0.0.1:{free_port()}"
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_unreachable_collector_does_not_flood_the_log(tmp_path: Path) -> None:
    often = {
        "OTEL_BSP_SCHEDULE_DELAY": "20",
        "OTEL_METRIC_EXPORT_INTERVAL": "50",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2",
    }
    with a_collector_that("refuses") as url:
        settings = {**MEMORY, **often, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        with started("serve", cwd=tmp_path, **settings) as service:
            service.wait_until_ready()
            for _ in range(30):
                assert service.get().status_code == 404
                time.sleep(0.05)
            assert service.stop() == 0
        complaints = [
            line for line in service.log_lines if line["logger"].startswith("opentelemetry.")
        ]
    assert len(complaints) == 1
    assert "exception" not in complaints[0]


@pytest.mark.parametrize("behaves", ["refuses", "is silent"])
def test_a_collector_that_does_not_answer_does_not_delay_the_exit(
    tmp_path: Path, behaves: str
) -> None:
    with a_collector_that(behaves) as url:
        settings = {**MEMORY, "OTEL_EXPORTER_OTLP_ENDPOINT": url}
        with started("serve", cwd=tmp_path, **settings) as service:
            service.wait_until_ready()
            before = time.monotonic()
            assert service.stop() == 0
            assert time.monotonic() - before < 5


@pytest.mark.parametrize(
    ("options", "settings", "said"),
    [
        (["--workers", "2"], {"METRICS_PORT": "9464"}, "METRICS_PORT"),
        ([], {"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER"),
    ],
    ids=["two workers", "another exporter"],
)
def test_an_unsupported_setting_ends_the_start_with_a_line_that_names_it(
    call: Call, options: list[str], settings: dict[str, str], said: str
) -> None:
    assert_refused(call("serve", *options, **MEMORY, **settings), said)


def test_what_the_sdk_refuses_ends_the_start_with_a_line_that_names_it(tmp_path: Path) -> None:
    settings = MEMORY | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_METRIC_EXPORT_INTERVAL": "0",
    }
    result = run("serve", "--port", str(free_port()), cwd=tmp_path, **settings)
    assert_refused(result, "telemetry cannot start")


def assert_refused(result: subprocess.CompletedProcess[str], said: str) -> None:
    assert result.returncode == 2, result.stderr
    assert said in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_metrics_port_in_use_ends_the_start(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - as the service listens
        port = str(taken.getsockname()[1])
        result = run("serve", "--port", str(free_port()), cwd=tmp_path, **MEMORY, METRICS_PORT=port)
    assert result.returncode == 2, result.stderr
    assert f"METRICS_PORT {port}" in result.stderr.splitlines()[-1]


WITHOUT_EXTRA = """
import sys
# An import of it now fails as if it were missing.
sys.modules["opentelemetry.exporter"] = None
from entrypoints.cli import main
sys.exit(main(["serve"]))
"""


def test_without_the_extra_the_message_says_how_to_install_it(
    tmp_path: Path,
) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA],
        cwd=tmp_path,
        env=environment(**MEMORY, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert "tasks-api[telemetry]" in result.stderr.splitlines()[-1]
