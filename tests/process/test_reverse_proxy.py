"""deploy/nginx.conf with a real nginx in front of the service."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.ports import accepts, free_port
from tests.process.service import ROOT, SECRET, Service, started, token
from tests.waiting import eventually

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        not Path(NGINX).exists() and not os.environ.get("CI"), reason="nginx is not installed"
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder of nginx and the service."""
    return tmp_path_factory.mktemp("proxied")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    """The service behind the proxy."""
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="module")
def proxy(folder: Path, service: Service) -> Iterator[str]:
    """Run nginx and yield its URL.

    The configuration differs only in file names, ports, processes and the time for a head.
    """
    certificate(folder)
    port = free_port()
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    for example, here in {
        "127.0.0.1:8000": f"127.0.0.1:{service.port}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/nginx/tls": str(folder),
        "/tmp/nginx.pid": f"{folder}/nginx.pid",  # noqa: S108 - the example's name, replaced
        "/dev/stdout": f"{folder}/access.log",
        "auto;": "1;",
        "client_header_timeout 10s": "client_header_timeout 1s",
    }.items():
        assert configuration.count(example) >= 1
        configuration = configuration.replace(example, here)
    (folder / "nginx.conf").write_text(configuration)
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.DEVNULL) as nginx:
        try:
            eventually(lambda: accepts(port))
            yield f"https://127.0.0.1:{port}"
        finally:
            nginx.terminate()


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example.com")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


@pytest.fixture
def client(proxy: str) -> Iterator[httpx.Client]:
    """A signed-in client of the proxy."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token('ada')}"}
    with httpx.Client(base_url=proxy, headers=headers, verify=trusting, timeout=20) as client:
        yield client


def test_a_task_is_created_through_the_proxy_and_its_id_is_in_both_logs(
    client: httpx.Client, service: Service, folder: Path
) -> None:
    response = client.post("/api/ada/tasks", json={"title": "Buy milk"})
    assert response.status_code == 201
    assert client.get(response.headers["Location"]).json() == response.json()
    request_id = response.headers["X-Request-ID"]
    assert service.logged(request_id=request_id)
    assert "127.0.0.1 POST 201" in (log := (folder / "access.log").read_text())
    assert request_id in log


def test_forwarded_headers_of_a_client_have_no_effect(
    client: httpx.Client, service: Service
) -> None:
    claims = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.7;proto=gopher;host=evil.example",
    }
    response = client.post("/api/ada/tasks", json={"title": "Buy milk"}, headers=claims)
    assert response.status_code == 201
    assert response.headers["Location"].startswith("/api/ada/tasks/")
    assert "203.0.113.7" not in service.log
    assert "evil.example" not in service.log + str(response.headers)


def test_a_body_that_is_too_large_is_refused_with_the_services_own_error(
    client: httpx.Client,
) -> None:
    response = client.post("/api/ada/tasks", json={"title": "x" * 100_000})
    assert (response.status_code, response.json()["status_code"]) == (413, 413)
    assert client.post("/api/ada/tasks", content=b"x" * 1_100_000).status_code == 413


def test_a_client_that_does_not_finish_its_head_is_disconnected(proxy: str) -> None:
    port = int(proxy.rpartition(":")[2])
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as raw,
        trusting.wrap_socket(raw) as connection,
    ):
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        # It fails with a TimeoutError if nginx waits.
        assert connection.recv(1000) == b""
