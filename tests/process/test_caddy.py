"""deploy/Caddyfile with a real Caddy in front of the service."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ports import accepts, free_port
from tests.process.service import ROOT, SECRET, Service, started
from tests.process.test_reverse_proxy import ORIGIN, check_refusal
from tests.waiting import eventually

CADDY = shutil.which("caddy")

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not CADDY and not os.environ.get("CI"), reason="Caddy is not installed"),
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=tmp_path, **settings) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture
def proxy(service: Service, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of Caddy. The configuration differs only in addresses, and has no certificate."""
    port = free_port()
    configuration = (ROOT / "deploy" / "Caddyfile").read_text()
    for example, here in {
        "\napi.example.com": f"\nhttp://127.0.0.1:{port}",
        "127.0.0.1:8000": f"127.0.0.1:{service.port}",
        "{\n\tservers": "{\n\tadmin off\n\tservers",
    }.items():
        assert configuration.count(example) == 1
        configuration = configuration.replace(example, here)
    (tmp_path / "Caddyfile").write_text(configuration)
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", "Caddyfile"]
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    with subprocess.Popen(command, cwd=tmp_path, env=home, stderr=subprocess.DEVNULL) as caddy:
        try:
            eventually(lambda: accepts(port))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                yield client
        finally:
            caddy.terminate()


def test_caddy_passes_requests_on_and_refuses_in_the_shape_of_the_service(
    proxy: httpx.Client, service: Service
) -> None:
    response = proxy.get("/api/ada/tasks", headers=ORIGIN)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert service.logged(request_id=response.headers["X-Request-ID"])

    for path in ("/docs", "/openapi.json", "/health/database"):
        response = proxy.get(path, headers=ORIGIN)
        assert response.status_code == 404
        check_refusal(response)

    service.stop()
    response = proxy.get("/api/ada/tasks", headers=ORIGIN)
    assert (response.status_code, response.headers["Retry-After"]) == (502, "5")
    check_refusal(response)
