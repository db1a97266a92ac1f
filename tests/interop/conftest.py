"""Install the packages of a real Better Auth, and create databases that several tests share."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from fcntl import LOCK_EX, flock

import pytest

from adapters.embedded.server import EmbeddedPostgres
from tests.conftest import new_database
from tests.interop.frontend import FOLDER


@pytest.fixture(scope="session", autouse=True)
def better_auth_packages() -> None:
    """Install the packages of package-lock.json, unless they are installed."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        # Skip on a laptop without Node.js; in CI no test may be skipped.
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop(f"{' and '.join(missing)} not found: Better Auth runs on Node 20 or newer")
    installed = FOLDER / "node_modules" / ".installed-lock.json"
    with (FOLDER / "package-lock.json").open("rb") as lock:
        # One of the processes that run tests installs them, the others wait.
        flock(lock, LOCK_EX)
        wanted = lock.read()
        if installed.exists() and installed.read_bytes() == wanted:
            return
        subprocess.run(
            ["npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"],
            cwd=FOLDER,
            check=True,
            timeout=300,
        )
        installed.write_bytes(wanted)


@pytest.fixture(scope="module")
def shared_database_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a new database without tables, for one module."""
    with new_database(postgres_server.url, template="template0") as url:
        yield url
