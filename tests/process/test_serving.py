"""The service over real sockets: its start, its log, invalid HTTP, its end."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.ports import accepts
from tests.process.service import ROOT, SECRET, Service, environment, started, token
from tests.waiting import eventually

pytestmark = pytest.mark.process

TOKEN = token("ada")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with memory storage, started by `tasks-api serve`."""
    folder = tmp_path_factory.mktemp("service")
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as service:
        service.wait_until_ready()
        yield service


def exchange(service: Service, sent: bytes) -> bytes:
    """Send these bytes and return all that is received until a close or a pause of 2 s."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=2) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except TimeoutError:
            pass
        return received


def test_the_log_records_a_request_without_its_text_and_token(
    memory: Service,
) -> None:
    response = httpx.post(
        f"{memory.url}/api/ada/tasks",
        json={"title": "s3cr3t-title", "description": "s3cr3t-description"},
        headers=BEARER | {"X-Request-ID": "the-one"},
    )
    assert response.status_code == 201
    assert "server" not in response.headers
    memory.get("/api/ada/tasks", headers={"Authorization": f"Bearer {TOKEN}x"})
    line = memory.logged(request_id="the-one")
    assert line["level"] == "info"
    assert line["user_id"] == "ada"
    assert (line["method"], line["route"], line["status"]) == (
        "POST",
        "/api/{user_id}/tasks",
        201,
    )
    refused = memory.logged(status=401)
    assert refused["error"].startswith("InvalidToken")
    assert "user_id" not in refused
    memory.get("/nowhere")
    assert memory.logged(status=404)["message"] == "GET /nowhere 404"
    for secret in ("s3cr3t", TOKEN, TOKEN.split(".")[1], SECRET):
        assert secret not in memory.log


NOT_HTTP = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "raw bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "a length that is not a number": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
}


def assert_common_headers(head: bytes) -> None:
    assert b"\r\nx-content-type-options: nosniff" in head
    assert b"\r\ncache-control: no-store" in head
    assert b"\r\nserver:" not in head


@pytest.mark.parametrize("sent", NOT_HTTP.values(), ids=NOT_HTTP)
def test_invalid_http_is_a_400_in_the_usual_form(memory: Service, sent: bytes) -> None:
    head, _, body = exchange(memory, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/json" in head
    assert re.search(rb"x-request-id: [0-9a-f]{32}", head)
    assert_common_headers(head)
    assert body == b'{"status_code":400,"detail":"This is not an HTTP request"}'
    [request_id] = re.findall(r"x-request-id: ([0-9a-f]{32})", head.decode())
    assert memory.logged(request_id=request_id)["status"] == 400


def test_a_client_can_read_that_its_body_is_too_large(memory: Service) -> None:
    headers = BEARER | {"Content-Type": "application/json"}
    with httpx.Client(base_url=memory.url, headers=headers) as client:
        for size in (65_537, 1_000_000):
            response = client.post("/api/ada/tasks", content=b"x" * size)
            assert response.status_code == 413
        # The refused bodies were read, and the connection remains usable.
        assert client.get("/api/ada/tasks").status_code == 200


def test_a_body_without_an_end_closes_the_connection(memory: Service) -> None:
    head = b"POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
    for length in (b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"):
        with socket.create_connection(("127.0.0.1", memory.port), timeout=5) as connection:
            connection.sendall(head + length + b"\r\n\r\n")
            with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - any of them may be the one
                for _ in range(1000):
                    connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert memory.logged(status=413)["route"] == "/api/{user_id}/tasks"


def test_a_client_that_disconnects_before_its_body_is_logged_as_a_400(
    memory: Service,
) -> None:
    head = b"POST /api/ada/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nX-Request-ID: gone\r\n"
    head += b"Content-Type: application/json\r\nAuthorization: Bearer " + TOKEN.encode()
    with socket.create_connection(("127.0.0.1", memory.port), timeout=2) as connection:
        connection.sendall(head + b"\r\n\r\n{")
    line = memory.logged(request_id="gone")
    assert (line["status"], line["error"]) == (400, "ClientDisconnect: the body was not complete")


def request(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([*lines, b"Host: x", b"", body])


def test_the_body_of_a_request_with_an_upgrade_is_not_parsed_as_a_request(
    memory: Service,
) -> None:
    bearer = b"Authorization: Bearer " + TOKEN.encode()
    json = b"Content-Type: application/json"
    upgrade = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk")
    head = (b"POST /api/ada/tasks HTTP/1.1", bearer, json, *upgrade)
    body = b'{"title": "Buy milk"}'
    whole = request(*head, b"Content-Length: %d" % len(body), body=body)
    last = request(b"GET /health/live HTTP/1.1", b"Connection: close")
    answer = exchange(memory, whole + last)
    assert answer.count(b"HTTP/1.1 201 Created") == answer.count(b"HTTP/1.1 200 OK") == 1
    # A body that looks like a request is still a body, also if it arrives later.
    smuggled = request(b"DELETE /api/ada/tasks/1 HTTP/1.1", bearer)
    first = request(*head, b"Content-Length: %d" % len(smuggled))
    with socket.create_connection(("127.0.0.1", memory.port), timeout=2) as connection:
        connection.sendall(first)
        time.sleep(0.2)
        connection.sendall(smuggled + last)
        answer = connection.makefile("rb").read()
    assert answer.count(b"HTTP/1.1 400 Bad Request") == answer.count(b"HTTP/1.1 200 OK") == 1
    assert b" 204 " not in answer


def test_a_tunnel_is_refused(memory: Service) -> None:
    answer = exchange(memory, request(b"CONNECT example.com:443 HTTP/1.1"))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_head_without_an_end_is_refused(memory: Service) -> None:
    with socket.create_connection(("127.0.0.1", memory.port), timeout=2) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):  # noqa: PT012 - any of them may be the one
            for _ in range(1000):
                connection.sendall(b"X-Y: " + b"y" * 10_000 + b"\r\n")
                time.sleep(0.001)
    assert memory.logged(status=431)


def test_a_client_can_read_that_its_head_is_too_long(memory: Service) -> None:
    with socket.create_connection(("127.0.0.1", memory.port), timeout=2) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX-Y: ")
        for _ in range(9):
            connection.sendall(b"y" * 8_000)
            time.sleep(0.02)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert_common_headers(head)
    assert body.startswith(b'{"status_code":431,')


def test_a_head_request_leaves_the_connection_usable(memory: Service) -> None:
    one = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = exchange(memory, one + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b'{"status":"ok"}') == 1


@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--reload"]], ids=" ".join)
def test_a_signal_stops_the_service_gracefully(tmp_path: Path, options: list[str]) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    for number in (signal.SIGTERM, signal.SIGINT):
        with started("serve", *options, "--host", "::", cwd=tmp_path, **settings) as service:
            service.wait_until_ready()
            assert httpx.get(f"http://[::1]:{service.port}/health/live").status_code == 200
            started_at = time.monotonic()
            code = service.stop(number)
            assert time.monotonic() - started_at < 10
            if number == signal.SIGTERM:
                assert code == 0, service.log


@pytest.mark.postgres
def test_requests_in_progress_are_answered_before_the_end(
    tmp_path: Path, database_url: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO users (id) VALUES ('ada')")
        connection.execute("INSERT INTO tasks (user_id, title) VALUES ('ada', 'Buy milk')")
    settings = {"NEON_DB_URL": database_url, "BETTER_AUTH_SECRET": SECRET}
    statuses: list[int] = []
    with started("serve", cwd=tmp_path, **settings) as service:
        service.wait_until_ready()

        def toggle() -> None:
            url = f"{service.url}/api/ada/tasks/1/complete"
            statuses.append(httpx.patch(url, headers=BEARER, timeout=10).status_code)

        # The row is locked, so the request waits until this transaction ends.
        with psycopg.connect(database_url) as connection:
            connection.execute("SELECT FROM tasks FOR UPDATE")
            thread = threading.Thread(target=toggle)
            thread.start()
            eventually(lambda: waits_for_a_lock(database_url))
            service.process.terminate()
            eventually(lambda: not accepts(service.port))
            assert statuses == []
        thread.join()
        assert statuses == [200]
        assert service.process.wait(10) == 0


def waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return bool(connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())


@pytest.mark.postgres
def test_no_worker_accepts_connections_before_it_can_serve(
    tmp_path: Path, database_url: str
) -> None:
    settings = {"NEON_DB_URL": database_url, "BETTER_AUTH_SECRET": SECRET}
    statuses: list[int] = []

    def list_tasks(service: Service) -> None:
        left = 10
        while left:
            all_are_ready = service.log.count("the storage is ready") == workers
            try:
                answer = service.get("/api/ada/tasks", headers=BEARER, timeout=60)
            except httpx.ConnectError:
                time.sleep(0.01)
            else:
                statuses.append(answer.status_code)
                left -= all_are_ready

    workers = 3
    with started("serve", "--workers", str(workers), cwd=tmp_path, **settings) as service:
        callers = [threading.Thread(target=list_tasks, args=[service]) for _ in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert set(statuses) == {200}


@pytest.mark.postgres
def test_a_service_started_without_its_database_recovers_without_a_restart(
    tmp_path: Path, empty_database_url: str
) -> None:
    parameters = psycopg.conninfo.conninfo_to_dict(empty_database_url)
    elsewhere = tmp_path / "sockets"
    url = f"postgresql://{parameters['user']}@/{parameters['dbname']}?host={elsewhere}&port=5432"
    settings = {"NEON_DB_URL": url, "BETTER_AUTH_SECRET": SECRET}
    with started("serve", cwd=tmp_path, **settings) as service:
        service.wait_until_ready("/health/live")
        assert service.get("/health/ready").status_code == 503
        response = service.get("/api/ada/tasks", headers=BEARER)
        assert response.status_code == 500
        assert response.headers["Retry-After"] == "5"
        elsewhere.symlink_to(str(parameters["host"]))
        service.wait_until_ready()
        response = service.get("/api/ada/tasks", headers=BEARER)
        assert (response.status_code, response.json()) == (200, [])


@pytest.mark.skipif(
    not os.environ.get("CI") and os.geteuid() != 0, reason="only root makes process namespaces"
)
def test_a_signal_during_the_imports_stops_the_first_process_of_a_container(tmp_path: Path) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    # When this module, one of the first, is imported, the program has begun.
    (tmp_path / "asyncio.py").write_text("print('importing', flush=True)\nwhile True: pass\n")
    code = "import runpy; runpy.run_module('entrypoints.cli', run_name='__main__')"
    process = subprocess.Popen(
        ["unshare", "--fork", "--pid", "--kill-child", sys.executable, "-c", code, "serve"],
        cwd=tmp_path,
        env=environment(**settings) | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"importing\n"
        [first] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_signal_during_the_start_stops_the_service_gracefully(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        with started("serve", cwd=tmp_path, NEON_DB_URL=url, BETTER_AUTH_SECRET=SECRET) as service:
            silent.settimeout(30)
            # From here on the start waits for the database.
            connection, _ = silent.accept()
            with connection:
                assert {line["level"] for line in service.log_lines} == {"info"}
                assert service.stop() == 0


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the workers as Linux shows them")
def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with started("serve", "--workers", "2", cwd=tmp_path, **settings) as service:
        eventually(lambda: service.log.count("the storage is ready") == 2, seconds=60)
        before = workers_of(service.process.pid)
        os.kill(before[0], signal.SIGKILL)
        eventually(lambda: service.log.count("the storage is ready") == 3, seconds=60)
        assert f"worker {before[0]} died with code -9" in service.log
        assert before[1] in workers_of(service.process.pid)
        assert service.stop() == 0


# Each of the times is shorter than in production, and their order is the same.
UNRESOLVED = """
import socket, time
from entrypoints import serve
from entrypoints.server import graceful_server
socket.getaddrinfo = lambda *arguments, **options: time.sleep(20)
serve._PREPARE_WITHIN_SECONDS = 0.5
graceful_server.END_WITHIN = 1
"""


def test_a_resolver_that_hangs_delays_neither_the_start_nor_the_end(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(UNRESOLVED)
    settings = {
        "NEON_DB_URL": "postgresql://u:p@db.invalid/d",
        "BETTER_AUTH_SECRET": SECRET,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    began = time.monotonic()
    with started("serve", "--host", "127.0.0.1", cwd=tmp_path, **settings) as service:
        service.wait_until_ready("/health/live")
        assert service.stop() == 0
    # The resolver still hangs now. Neither the start nor the end has waited for it.
    assert time.monotonic() - began < 20


def _printed_request(service: Service) -> str:
    """Return the request that dev prints once the service responds."""
    deadline = time.monotonic() + 60
    while (found := re.search(r"^curl .*\n", service.log, re.MULTILINE)) is None:
        assert time.monotonic() < deadline, service.log
        assert service.process.poll() is None, service.log
        time.sleep(0.05)
    return found[0]


def test_dev_needs_no_settings_and_prints_a_request_that_works(tmp_path: Path) -> None:
    # If this runs as root, PostgreSQL runs as another user, who must be able to enter the folder.
    tmp_path.chmod(0o755)
    for attempt in (1, 2):
        with started("dev", cwd=tmp_path) as service:
            curl = _printed_request(service)
            result = subprocess.run(curl, shell=True, capture_output=True, text=True, check=True)  # noqa: S602 - as it is pasted
            assert result.stdout.startswith("HTTP/1.1 201")
            # The second run uses the data of the first.
            assert f'"id":{attempt}' in result.stdout
            if attempt == 2:
                _, token_of_another = re.findall(r"^Token +(\S+)$", service.log, re.MULTILINE)
                created = httpx.post(
                    f"{service.url}/api/other-user/tasks",
                    json={"title": "Buy bread"},
                    headers={"Authorization": f"Bearer {token_of_another}"},
                )
                assert created.status_code == 201
    secret = tmp_path / ".data" / "better-auth-secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text() not in service.log
    with pytest.raises(ProcessLookupError):
        os.kill(service.process.pid, 0)
