"""The example frontend in a real browser, with a real Better Auth, API and PostgreSQL."""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from adapters.embedded.server import EmbeddedPostgres
from examples import stack
from tests.ports import free_port

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
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


@pytest.mark.parametrize("mode", ["keys", "secret"])
def test_the_example_works_in_a_browser(
    postgres_server: EmbeddedPostgres, empty_database_url: str, tmp_path: Path, mode: str
) -> None:
    web_port, api_port = free_port(), free_port()
    web_url, api_url = f"http://localhost:{web_port}", f"http://localhost:{api_port}"
    common = {"database_url": empty_database_url, "secret": SECRET, "mode": mode}
    api = SwitchableApi(api_port, stack.api_environment(web_url=web_url, **common), tmp_path)
    web = stack.frontend_environment(web_url=web_url, api_url=api_url, **common)
    stack.install_frontend()
    stack.build_frontend(web)
    with ExitStack() as running:
        running.enter_context(api.kept_running())
        frontend = stack.serve_frontend(web_port, production=True)
        running.enter_context(stack.running(frontend, web, cwd=stack.FRONTEND))
        stack.wait_for(f"{web_url}/sign-in")
        hooks = {
            "API_STOP": api.stop,
            "API_START": api.start,
            "API_BREAK": sql(empty_database_url, "ALTER TABLE tasks RENAME TO away"),
            "API_MEND": sql(empty_database_url, "ALTER TABLE away RENAME TO tasks")
            + f" && {api.recover}",
        }
        subprocess.run(
            ["npm", "run", "e2e"],
            cwd=stack.FRONTEND,
            env={**os.environ, "WEB_URL": web_url, "API_URL": api_url, "JWT_MODE": mode, **hooks},
            check=True,
            timeout=600,
        )


def sql(url: str, statement: str) -> str:
    program = f"import psycopg; psycopg.connect({url!r}, autocommit=True).execute({statement!r})"
    return shlex.join([sys.executable, "-W", "ignore", "-c", program])
