"""The deployment files give a stopping service enough time."""

import re
from pathlib import Path

import pytest

from entrypoints.server.graceful_server import CLOSE_SECONDS, END_WITHIN, GRACE_SECONDS
from entrypoints.telemetry.telemetry import FLUSH_WITHIN

ROOT = Path(__file__).parents[2]
PROMISED = 10


def seconds(path: str, pattern: str) -> float:
    found = re.search(pattern, (ROOT / path).read_text())
    assert found is not None
    return float(found[1])


def test_the_last_resort_comes_after_everything_that_has_a_time() -> None:
    assert END_WITHIN == GRACE_SECONDS + CLOSE_SECONDS
    assert FLUSH_WITHIN < CLOSE_SECONDS
    assert END_WITHIN < PROMISED


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("docker-compose.yml", r"stop_grace_period: (\d+)s"),
        ("deploy/tasks-api.service", r"TimeoutStopSec=(\d+)\n"),
        ("deploy/render.yaml", r"maxShutdownDelaySeconds: (\d+)"),
        ("deploy/railway.ts", r"drainingSeconds: (\d+)"),
        ("deploy/fly.toml", r"\nkill_timeout = (\d+)\n"),
    ],
)
def test_a_deployment_file_waits_until_the_last_resort(path: str, pattern: str) -> None:
    assert seconds(path, pattern) >= PROMISED


def test_kubernetes_waits_until_the_last_resort_after_its_own_pause() -> None:
    path = "deploy/kubernetes.yml"
    pause = seconds(path, r"preStop:[^a-z]+sleep:\s*\{?\s*seconds: (\d+)")
    assert seconds(path, r"terminationGracePeriodSeconds: (\d+)") >= pause + PROMISED
