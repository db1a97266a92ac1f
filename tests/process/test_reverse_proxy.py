"""deploy/nginx.conf with a real nginx in front of the service."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
    """The URL of nginx in front of the service."""
    with in_front_of(service.port, folder=folder) as url:
        yield url


@contextmanager
def in_front_of(*ports: int, folder: Path) -> Iterator[str]:
    """Run nginx and yield its URL.

    The configuration differs only in names, ports, folders, processes and the time for a head.
    """
    certificate(folder)
    port = free_port()
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    replica = "server 127.0.0.1:8000 max_fails=0;"
    for example, here in {
        replica: "".join(replica.replace("8000", str(each)) for each in ports),
        "server_name api.example.com": "server_name localhost",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/nginx/tls": str(folder),
        "/tmp/nginx.pid": f"{folder}/nginx.pid",  # noqa: S108 - the example's name, replaced
        "/dev/stdout": f"{folder}/access.log",
        # The default folders can only be written by root.
        "server_tokens off;": f"""server_tokens off;
            client_body_temp_path {folder}/bodies;
            proxy_temp_path {folder}/responses;""",
        # Otherwise root's nginx runs its workers as nobody, who may not enter the test's folder.
        "auto;": "1; user root;" if os.geteuid() == 0 else "1;",
        "client_header_timeout 10s": "client_header_timeout 1s",
    }.items():
        assert configuration.count(example) >= 1
        configuration = configuration.replace(example, here)
    (folder / "nginx.conf").write_text(configuration)
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with (
        (folder / "error.log").open("wb") as errors,
        subprocess.Popen([*command, "-g", "daemon off;"], stderr=errors) as nginx,
    ):
        try:
            eventually(lambda: accepts(port))
            yield f"https://localhost:{port}"
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


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def connected(proxy: str, name: str = "localhost") -> Iterator[ssl.SSLSocket]:
    """A TLS connection to the proxy, for the host ``name``."""
    port = int(proxy.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as raw,
        trusting().wrap_socket(raw, server_hostname=name) as connection,
    ):
        yield connection


@pytest.fixture
def client(proxy: str) -> Iterator[httpx.Client]:
    """A signed-in client of the proxy."""
    headers = {"Authorization": f"Bearer {token('ada')}"}
    with httpx.Client(base_url=proxy, headers=headers, verify=trusting(), timeout=20) as client:
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
    with connected(proxy) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        # If nginx waits, this raises TimeoutError.
        assert connection.recv(1000) == b""


ORIGIN = {"Origin": "https://app.example.com"}

REFUSED_BY_NGINX: dict[str, tuple[int, dict[str, object]]] = {
    "a path that is not published": (404, {"url": "/docs"}),
    "a method that nginx refuses": (405, {"url": "/", "method": "TRACE"}),
    "a body over nginx's limit": (413, {"url": "/api/ada/tasks", "content": b"x" * 1_100_000}),
    "a target over nginx's limit": (414, {"url": f"/{'a' * 40_000}"}),
    "headers over nginx's limit": (431, {"url": "/", "headers": {**ORIGIN, "X": "a" * 40_000}}),
    "a host that is not served": (421, {"url": "/", "headers": {**ORIGIN, "Host": "other"}}),
}


@pytest.mark.parametrize(("status", "asked"), REFUSED_BY_NGINX.values(), ids=REFUSED_BY_NGINX)
def test_what_nginx_refuses_has_the_shape_of_the_services_errors(
    client: httpx.Client, status: int, asked: dict[str, Any]
) -> None:
    defaults = {"method": "POST" if "content" in asked else "GET", "headers": ORIGIN}
    response = client.request(**defaults | asked)
    assert (response.status_code, response.headers["Server"]) == (status, "nginx")
    check_refusal(response)


def check_refusal(response: httpx.Response) -> None:
    assert set(response.json()) == {"status_code", "detail"}
    assert response.json()["status_code"] == response.status_code
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["X-Request-ID"]
    assert response.headers["Cache-Control"] == "no-store"
    if response.request.headers.get("Origin") and response.status_code != 414:
        # nginx has not read the headers of a request whose target is too long.
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"]
        assert response.headers["Access-Control-Allow-Credentials"] == "true"


def test_bytes_that_are_no_request_are_answered_with_json(proxy: str) -> None:
    with connected(proxy) as connection:
        connection.sendall(b"GARBAGE\r\n\r\n")
        assert b'{"status_code":400,' in connection.recv(4000)


def test_browsers_get_the_newest_tls_and_http(proxy: str) -> None:
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", int(proxy.rpartition(":")[2])), timeout=20) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "h2")


def test_another_host_is_refused_in_the_handshake(proxy: str) -> None:
    with pytest.raises(ssl.SSLError, match="unrecognized name"), connected(proxy, "other.example"):
        pass


def test_a_foreign_origin_is_not_allowed_by_what_nginx_refuses(client: httpx.Client) -> None:
    response = client.get("/docs", headers={"Origin": "https://evil.example"})
    assert response.status_code == 404
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_absent_service_is_a_502_that_says_to_retry(tmp_path: Path) -> None:
    with (
        in_front_of(free_port(), folder=tmp_path) as proxy,
        httpx.Client(base_url=proxy, headers=ORIGIN, verify=trusting()) as client,
    ):
        response = client.get("/api/ada/tasks")
        assert (response.status_code, response.headers["Retry-After"]) == (502, "5")
        check_refusal(response)


def test_a_flood_is_limited_without_a_line_in_the_error_log(tmp_path: Path) -> None:
    flood = b"GET /api/ada/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n" * 300
    received = b""
    with in_front_of(free_port(), folder=tmp_path) as proxy, connected(proxy) as connection:
        connection.sendall(flood)
        while b"429 Too Many Requests" not in received or not received.endswith(b"}"):
            received += connection.recv(65_536)
    refusal = received[received.index(b"HTTP/1.1 429") :]
    assert b"Retry-After: 1\r\n" in refusal
    assert b'{"status_code":429,' in refusal
    assert (tmp_path / "error.log").read_text() == ""


def test_replicas_that_restart_one_after_the_other_cost_no_request(tmp_path: Path) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    ports = free_port(), free_port()
    statuses: list[int] = []
    over = threading.Event()

    def replica(port: int) -> AbstractContextManager[Service]:
        address = ("--host", "127.0.0.1", "--port", str(port))
        return started("serve", *address, cwd=tmp_path, **settings)

    def ask() -> None:
        with httpx.Client(base_url=url, verify=trusting(), timeout=20) as client:
            while not over.wait(0.05):
                statuses.append(client.get("/health/live").status_code)

    with in_front_of(*ports, folder=tmp_path) as url, ExitStack() as replicas:
        running = [replicas.enter_context(replica(port)) for port in ports]
        for each in running:
            each.wait_until_ready()
        client = threading.Thread(target=ask)
        client.start()
        try:
            for index in (0, 1):
                assert running[index].stop() == 0
                running[index] = replicas.enter_context(replica(ports[index]))
                running[index].wait_until_ready()
        finally:
            over.set()
            client.join()
    assert len(statuses) > 20
    assert set(statuses) == {200}
