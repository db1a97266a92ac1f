"""Run podman and docker compose as on a command line."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

PROD: Final = "docker.io/library/tasks-api:prod"
POSTGRES: Final = "docker.io/library/postgres:18"
SECRET: Final = "a secret that has thirty-two bytes or more"
DATABASE: Final = {
    "POSTGRES_USER": "tasks",
    "POSTGRES_PASSWORD": "a-password",
    "POSTGRES_DB": "tasks",
}


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one podman command."""
    result = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert not check or result.returncode == 0, result.stderr
    return result


def inspect(name: str) -> Any:
    """Return podman's description of an image or a container."""
    return json.loads(podman("inspect", name).stdout)[0]


def run(image: str, *command: str, entrypoint: str = "") -> str:
    """Run a command in a new, read-only container and return its output."""
    options = [f"--entrypoint={entrypoint}"] if entrypoint else []
    return podman("run", "--rm", "--read-only", "--network=none", *options, image, *command).stdout


def start(
    image: str,
    *command: str,
    name: str,
    network: str,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> None:
    """Start a container in the background."""
    variables = [f"--env={variable}={value}" for variable, value in (settings or {}).items()]
    podman(
        "run", "--detach", f"--name={name}", f"--network={network}",
        *options, *variables, image, *command,
    )  # fmt: skip


def answers(url: str, *, seconds: float, **headers: str) -> float:
    """Wait until ``url`` responds with a success; return the seconds that it took."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        try:
            if httpx.get(url, headers=headers).is_success:
                return time.monotonic() - started
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


class Compose:
    """A checkout with a ``.env`` file, and docker compose in it."""

    def __init__(self, folder: Path, **env_file: str) -> None:
        self.folder = folder
        lines = [f"{name}={value}\n" for name, value in env_file.items()]
        (folder / ".env").write_text("".join(lines))

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [os.environ["DOCKER_COMPOSE"], *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert not check or result.returncode == 0, result.stderr
        return result
