"""The alerts and the dashboard: their rules work, and the service has the metrics they use."""

import json
import os
import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from httpx import ASGITransport, AsyncClient
from psycopg.errors import LockNotAvailable

from application.errors import InvalidToken
from application.token_checks import TokenCheck
from entrypoints.container import observed
from entrypoints.http.app import create_app
from entrypoints.settings import Settings, StorageKind
from entrypoints.telemetry.telemetry import Telemetry
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
EXAMPLES = Path(__file__).parent / "alerts_test.yml"
PROMTOOL = shutil.which("promtool")
ALERTS = [
    rule
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
_OURS = re.compile(r"\b(?:http|db|tasks_api)_[a-z_]+\b(?=[{\[])")
_LABELS = re.compile(r"by \(([^)]+)\)|[{,] ?(\w+)(?:=~?|!=)")
_OF_PROMETHEUS = {"job", "instance", "container"}


@pytest.mark.skipif(
    not PROMTOOL and not os.environ.get("CI"), reason="Prometheus's promtool is not installed"
)
def test_each_alert_is_raised_by_its_own_cause_only(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "alerts.yml", tmp_path)
    shutil.copy(EXAMPLES, tmp_path)
    command = [str(PROMTOOL), "test", "rules", EXAMPLES.name]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_each_alert_has_an_example_and_a_section_of_the_runbook() -> None:
    examples = EXAMPLES.read_text()
    runbook = (DEPLOY.parent / "docs" / "runbook.md").read_text()
    for alert in ALERTS:
        name = alert["alert"]
        assert f'alertname="{name}"' in examples
        assert f"\n## {name}\n" in runbook
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"


def test_the_reasons_that_the_alerts_watch_are_checks_of_a_token() -> None:
    reasons = {reason for alert in ALERTS for reason in re.findall('reason="(.*?)"', alert["expr"])}
    assert reasons
    assert reasons <= set(TokenCheck)


def labels_in(expression: str) -> set[str]:
    found = [listed or name for listed, name in _LABELS.findall(expression)]
    return {name.strip() for each in found for name in each.split(",")} - _OF_PROMETHEUS


async def test_the_service_has_every_metric_and_label_of_the_alerts_and_the_dashboard() -> None:
    port = free_port()
    settings = Settings(
        _env_file=None,
        storage=StorageKind.MEMORY,
        better_auth_secret="a secret that has thirty-two bytes or more",
        metrics_port=port,
    )
    telemetry = Telemetry(settings)
    app = create_app(observed(settings, telemetry), telemetry)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://api") as client,
    ):
        await client.get("/api/ada/tasks")
        telemetry.request_failed(InvalidToken(TokenCheck.SIGNATURE, "wrong"), 401)
        telemetry.request_failed(ValueError(), 500)
        telemetry.process._lags.append(0)
        telemetry.database.watch_pool(lambda: (0, 0, 10, 0))
        telemetry.database.got_connection(0)
        telemetry.database.serves("0001")
        statement = telemetry.database.statement
        with telemetry.database.connecting(), statement(b"SELECT FROM tasks"):
            pass
        with suppress(LockNotAvailable), statement(b"SELECT FROM tasks"):
            raise LockNotAvailable
        with telemetry.key_set.fetch():
            pass
        async with AsyncClient() as prometheus:
            shown = (await prometheus.get(f"http://127.0.0.1:{port}/metrics")).text
    served = set(re.findall(r"^(\w+)", shown, re.MULTILINE))
    alerts = {name for alert in ALERTS for name in _OURS.findall(alert["expr"])}
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text())
    targets = [each for panel in dashboard["panels"] for each in panel.get("targets", ())]
    shown_names = {name for each in targets for name in _OURS.findall(each["expr"])}
    assert len(alerts) > 5
    assert len(shown_names) > 10
    assert alerts | shown_names <= served
    asked = {name for each in (*targets, *ALERTS) for name in labels_in(each["expr"])}
    assert len(asked) > 8
    assert asked <= set(re.findall(r'(\w+)="', shown))
