"""Fixtures for the tests of the images; `tests/images/run` builds the images and runs them."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images.engine import DATABASE, POSTGRES, podman, start

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _health_checks() -> Iterator[None]:
    """Run the containers' health checks, as Docker does; podman leaves this to systemd."""
    ended = threading.Event()

    def check() -> None:
        while not ended.wait(0.5):
            for container in podman("ps", "--quiet").stdout.split():
                podman("healthcheck", "run", container, check=False)

    thread = threading.Thread(target=check)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """A network in which containers find each other by name."""
    podman("network", "create", "tasks")
    yield "tasks"
    podman("network", "rm", "--force", "--time=0", "tasks")


@pytest.fixture(scope="module")
def database_url(network: str) -> str:
    """The URL, within the network, of a PostgreSQL that accepts connections."""
    start(POSTGRES, name="db", network=network, settings=DATABASE)
    podman(
        "exec", "db", "timeout", "30", "sh", "-c",
        "until pg_isready --host=127.0.0.1; do sleep 0.1; done",
    )  # fmt: skip
    return "postgresql://tasks:a-password@db/tasks"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source that a test may change."""
    tmp_path.chmod(0o755)  # The containers' user must be able to read it.
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, files.split("\0")):
        source, copy = ROOT / name, tmp_path / name
        if source.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    return tmp_path
