"""Requests that Schemathesis generates from the OpenAPI document, one by one and in sequences."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.jwt.shared_secret import mint
from tests.hostile.answer import Log
from tests.process.service import SECRET, Service, environment

pytestmark = [pytest.mark.process, pytest.mark.postgres]

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("HOSTILE_EXAMPLES", "40")
"""Requests for each operation and phase. More of them find more and take longer."""
SEED = os.environ.get("HOSTILE_SEED", "1")

REACHED = {
    ("GET", "/api/{user_id}/tasks", 200),
    ("POST", "/api/{user_id}/tasks", 201),
    ("GET", "/api/{user_id}/tasks/{task_id}", 200),
    ("PUT", "/api/{user_id}/tasks/{task_id}", 200),
    ("PATCH", "/api/{user_id}/tasks/{task_id}/complete", 200),
    ("DELETE", "/api/{user_id}/tasks/{task_id}", 204),
}


@pytest.mark.parametrize("storage", ["memory", "postgres"])
def test_schemathesis_finds_nothing(
    storage: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    service: Service = request.getfixturevalue(f"on_{storage}")
    log = Log(service)
    token = mint(secret=SECRET, subject="ada", lifetime=timedelta(hours=1))
    command = ["--config-file", str(CONFIG), "run", f"{service.url}/openapi.json"]
    command += ["--checks", "all", "--max-examples", EXAMPLES, "--seed", SEED]
    command += ["--continue-on-failure", "--no-color"]
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command],
        cwd=tmp_path,
        env=environment(TASKS_TOKEN=token),
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [json.loads(line) for line in log.new().splitlines()]
    answered = {(line.get("method"), line.get("route"), line.get("status")) for line in lines}
    # Without any success, Schemathesis would find nothing either.
    assert answered >= REACHED
    assert {line["level"] for line in lines} == {"info"}
    for secret in (token, token.split(".")[1], SECRET):
        assert secret not in log.new()
