"""The audit of the locked packages, against advisories that the tests serve."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.process.service import ROOT

pytestmark = pytest.mark.process

ADVISORY = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1"],
    "affected": [
        {
            "package": {"name": "starlette", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}


@contextmanager
def advisories(of: Mapping[str, Any], *, status: int = 200) -> Iterator[str]:
    """Run a service with OSV's protocol and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = of.get(query["package"]["name"])
            body = json.dumps({"vulns": [found]} if found else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def audit(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    programs = Path(sys.executable).parent
    command = [sys.executable, ".ci/audit.py", "--vulnerability-service", "osv", "--osv-url", url]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_packages_without_a_known_vulnerability_pass() -> None:
    with advisories({}) as url:
        done = audit(url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("packages has a known vulnerability\n")


def test_a_known_vulnerability_fails_and_is_named() -> None:
    with advisories({"starlette": ADVISORY}) as url:
        done = audit(url)
    assert done.returncode == 1
    assert done.stdout.startswith("starlette ")
    assert done.stdout.endswith(": PYSEC-2026-1 CVE-2026-1, fixed in 99.1\n")


def test_unreachable_advisories_are_no_success() -> None:
    with advisories({}, status=503) as url:
        refused = audit(url)
    gone = audit(url)
    for done in (refused, gone):
        assert done.returncode == 3
        assert done.stdout.startswith("NOT AUDITED")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        pytest.param([], "the advisories cannot be reached from here (a mirror", id="all"),
        pytest.param([{"name": "httpx", "vulns": []}], "1 of 2 packages, which the", id="some"),
    ],
)
def test_packages_that_could_not_be_looked_up_are_no_success(
    others: list[dict[str, Any]], said: str, tmp_path: Path
) -> None:
    # The report of pip-audit, with exit code 0, on a mirror of PyPI without the JSON API.
    skipped = {"name": "starlette", "skip_reason": "not found on PyPI"}
    report = {"dependencies": [skipped, *others]}
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(report)}'\n")
    program.chmod(0o755)
    done = audit("unused", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 3
    assert done.stdout.startswith(f"NOT AUDITED for known vulnerabilities: {said}")
