"""The example frontend in a real browser, with a real Better Auth, API and PostgreSQL."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.embedded.server import EmbeddedPostgres
from examples import stack
from tests.ports import free_port

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# `make screenshots` names the folder of the README's pictures, and wants nothing else.
SCRIPT = "screenshots" if os.environ.get("PICTURES") else "e2e"
SECRET = "a secret that has thirty-two bytes or more"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not (Path(CHROMIUM).exists() and shutil.which("npm")) and not os.environ.get("CI"),
        reason="Chromium or Node.js is not installed",
    ),
]


class SwitchableApi:
    """The API, which runs while a file exists. Shell commands create and remove the file."""

    def __init__(self, port: int, environment: stack.Environment, folder: Path) -> None:
        self._port = port
        self._environment = environment
        self._switch = folder / "api-is-on"
        self._ended = folder / "api-has-ended"
        self._over = threading.Event()
        answers = f"curl --silent --fail --output /dev/null http://localhost:{port}/health"
        switch = shlex.quote(str(self._switch))
        # A stopping API continues to answer on open connections.
        ended = shlex.quote(str(self._ended))
        self.stop = f"rm {switch} && until [ -e {ended} ]; do sleep 0.1; done"
        self.start = f"touch {switch} && until {answers}/ready; do sleep 0.1; done"
        # Tables that have changed are prepared again at most every 2 s.
        self.recover = f"until {answers}/database; do sleep 0.1; done"

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        self._switch.touch()
        thread = threading.Thread(target=self._keep)
        thread.start()
        try:
            stack.wait_for(f"http://localhost:{self._port}/health/ready")
            yield
        finally:
            self._over.set()
            thread.join()

    def _keep(self) -> None:
        while not self._over.is_set():
            if self._switch.exists():
                self._ended.unlink(missing_ok=True)
                with stack.running(stack.serve_api(self._port), self._environment):
                    while self._switch.exists() and not self._over.wait(0.05):
                        pass
                self._ended.touch()
            self._over.wait(0.05)


@dataclass(frozen=True)
class Built:
    """The frontend, built for an API at one port. Each mode runs the same build."""

    web_port: int
    api_port: int

    @property
    def web_url(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def api_url(self) -> str:
        return f"http://localhost:{self.api_port}"


@pytest.fixture(scope="module")
def built() -> Built:
    built = Built(web_port=free_port(), api_port=free_port())
    stack.install_frontend()
    # The settings of the build's own run; only the API's URL becomes part of it.
    settings = stack.frontend_environment(
        database_url="postgresql://localhost/unused",
        web_url=built.web_url,
        api_url=built.api_url,
        secret=SECRET,
        mode="keys",
    )
    stack.build_frontend(settings)
    return built


@pytest.mark.parametrize("mode", ["keys", "secret"])
def test_the_example_works_in_a_browser(
    built: Built,
    postgres_server: EmbeddedPostgres,
    empty_database_url: str,
    tmp_path: Path,
    mode: str,
) -> None:
    common = {"database_url": empty_database_url, "secret": SECRET, "mode": mode}
    settings = stack.api_environment(web_url=built.web_url, **common)
    api = SwitchableApi(built.api_port, settings, tmp_path)
    web = stack.frontend_environment(web_url=built.web_url, api_url=built.api_url, **common)
    with ExitStack() as running:
        running.enter_context(api.kept_running())
        frontend = stack.serve_frontend(built.web_port, production=True)
        running.enter_context(stack.running(frontend, web, cwd=stack.FRONTEND))
        stack.wait_for(f"{built.web_url}/sign-in")
        hooks = {
            "API_STOP": api.stop,
            "API_START": api.start,
            "API_BREAK": sql(empty_database_url, "ALTER TABLE tasks RENAME TO away"),
            "API_MEND": sql(empty_database_url, "ALTER TABLE away RENAME TO tasks")
            + f" && {api.recover}",
        }
        urls = {"WEB_URL": built.web_url, "API_URL": built.api_url}
        subprocess.run(
            ["npm", "run", SCRIPT],
            cwd=stack.FRONTEND,
            env={**os.environ, **urls, "JWT_MODE": mode, **hooks},
            check=True,
            timeout=900,
        )


def sql(url: str, statement: str) -> str:
    program = f"import psycopg; psycopg.connect({url!r}, autocommit=True).execute({statement!r})"
    return shlex.join([sys.executable, "-W", "ignore", "-c", program])
