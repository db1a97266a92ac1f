"""Run the service as a separate process, reached through real sockets."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from adapters.jwt.shared_secret import mint
from tests.ports import free_port

COMMAND = [sys.executable, "-m", "entrypoints.cli"]
SECRET = "a secret that has thirty-two bytes or more"
ROOT = Path(__file__).parents[2]

NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP. By default each of them parses the certificates of all authorities."""


class Service:
    """A running ``tasks-api`` and its log."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def wait_until_ready(self, path: str = "/health/ready", seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            try:
                if self.get(path).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise TimeoutError(self.log)

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        """Send a request on a new connection."""
        return httpx.get(self.url + path, verify=NO_AUTHORITIES, **options)

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]

    def logged(self, **facts: Any) -> dict[str, Any]:
        """Return the last line with these facts. A request is logged after its response."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            whole = self.log[: self.log.rfind("\n") + 1]
            for line in map(json.loads, reversed(whole.splitlines())):
                if facts.items() <= line.items():
                    found: dict[str, Any] = line
                    return found
            time.sleep(0.02)
        raise AssertionError(f"no line with {facts} in:\n{self.log}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


def token(user: str) -> str:
    """Return a token of ``user`` that is signed with SECRET, valid for longer than any test."""
    return mint(
        secret=SECRET, subject=user, lifetime=timedelta(hours=1), issuer=None, audience=None
    )


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with these settings and no others."""
    kept = ("PATH", "HOME", "LANG")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return inherited | {"PYTHONPATH": str(ROOT)} | settings


def run(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(**({"PORT": str(free_port())} | settings)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def started(*arguments: str, cwd: Path, **settings: str) -> Iterator[Service]:
    """Start a command that serves, on its ``--port`` or a free one; end it in any case."""
    given = arguments[-1] if "--port" in arguments[-2:] else None
    port = int(given or free_port())
    log = cwd / f"service-{port}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--port", str(port)],
            cwd=cwd,
            env=environment(**settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Service(process, port, log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
