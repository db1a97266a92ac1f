"""The deployment files of the platforms agree with the service: port, probe, release, commands.

``tests/server/test_grace.py`` compares the times that they wait when the service stops.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
READY = "/health/ready"
FLY: dict[str, Any] = tomllib.loads((DEPLOY / "fly.toml").read_text())
[RENDER] = yaml.safe_load((DEPLOY / "render.yaml").read_text())["services"]
CLOUD_RUN = yaml.safe_load((DEPLOY / "cloud-run.yaml").read_text())["spec"]["template"]["spec"]
[CONTAINER] = CLOUD_RUN["containers"]
RAILWAY = (DEPLOY / "railway.ts").read_text()
SPACE = yaml.safe_load((DEPLOY / "huggingface" / "README.md").read_text().split("---")[1])
UNIT = (DEPLOY / "tasks-api.service").read_text()


def environments() -> dict[str, set[str]]:
    """The settings that each file names."""
    [railway] = re.findall(r"env: \{(.*?)\}", RAILWAY, re.DOTALL)
    return {
        "render": {each["key"] for each in RENDER["envVars"]},
        # The URL of the database is a secret there.
        "fly": {"NEON_DB_URL", *FLY["env"]},
        "cloud-run": {each["name"] for each in CONTAINER["env"]},
        "railway": set(re.findall(r"^\s*(\w+):", railway, re.MULTILINE)),
    }


@pytest.mark.parametrize("platform", environments())
def test_a_platform_sets_what_the_service_cannot_do_without(platform: str) -> None:
    named = environments()[platform]
    assert named >= {"NEON_DB_URL", "BETTER_AUTH_JWKS_URL", "CORS_ORIGINS"}
    assert {name.lower() for name in named} <= Settings.model_fields.keys()
    # The service migrates when it starts, so no platform needs a separate step.
    assert "MIGRATE_ON_START" not in named


def test_every_platform_waits_until_the_service_is_ready() -> None:
    assert RENDER["healthCheckPath"] == READY
    assert [check["path"] for check in FLY["http_service"]["checks"]] == [READY]
    assert CONTAINER["startupProbe"]["httpGet"] == {"path": READY}
    assert f'healthcheckPath: "{READY}"' in RAILWAY


def test_the_service_listens_where_the_platform_connects() -> None:
    assert FLY["env"]["PORT"] == str(FLY["http_service"]["internal_port"])
    space = (DEPLOY / "huggingface" / "Dockerfile").read_text()
    assert f"ENV PORT={SPACE['app_port']}\n" in space
    assert len(CONTAINER["ports"]) == 1


def test_a_platform_that_builds_finds_the_dockerfile_whose_last_stage_is_the_production_image() -> (
    None
):
    dockerfile = ROOT / "Dockerfile"
    assert (DEPLOY / FLY["build"]["dockerfile"]).resolve() == dockerfile
    assert (ROOT / RENDER["dockerfilePath"]).resolve() == dockerfile
    assert re.findall(r"^FROM .* AS (\w+)$", dockerfile.read_text(), re.MULTILINE)[-1] == "prod"


def test_every_file_names_this_release() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    text = "".join(
        path.read_text() for path in [*files, ROOT / "docs" / "deploy.md", ROOT / "SECURITY.md"]
    )
    assert {*re.findall(r"tasks-api[:@]v?(\d[\w.]*\w)", text)} == {VERSION}


def test_an_instance_of_fly_has_the_memory_of_one_process() -> None:
    [machine] = FLY["vm"]
    assert machine["memory"] == "256mb"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit_and_rates_it_as_confined(tmp_path: Path) -> None:
    # The program of the unit must exist.
    program = tmp_path / "tasks-api"
    program.touch(mode=0o755)
    unit = tmp_path / "tasks-api.service"
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", str(program), UNIT, flags=re.MULTILINE))

    def analyze(*arguments: str) -> str:
        result = subprocess.run(
            ["systemd-analyze", *arguments, str(unit)], capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    assert analyze("verify", "--man=no") == ""
    # From 0 (confined) to 10. A unit without these lines has 9.
    analyze("security", "--offline=yes", "--threshold=20")


def test_the_unit_does_not_restart_a_service_whose_settings_are_wrong() -> None:
    assert "RestartPreventExitStatus=2\n" in UNIT
    assert "ExecStart=/opt/tasks-api/.venv/bin/tasks-api serve --host 127.0.0.1\n" in UNIT
    caddy = (DEPLOY / "Caddyfile").read_text()
    assert "reverse_proxy 127.0.0.1:8000" in caddy
    assert Settings.model_fields["port"].default == 8000
