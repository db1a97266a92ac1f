"""The health check of a container."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from entrypoints.server import healthcheck


@contextmanager
def answering(host: str = "127.0.0.1", status: HTTPStatus = HTTPStatus.OK) -> Iterator[int]:
    """Serve in a thread; yield the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/live" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(http.server.HTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Server((host, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_it_connects_to_the_port_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, host: str, quote: str
) -> None:
    with answering(host) as port:
        monkeypatch.setenv("PORT", f" {quote}{port}{quote}\n")
        assert healthcheck.main() == 0


def test_it_connects_to_the_port_of_the_settings_file() -> None:
    with answering() as port:
        Path(".env").write_text(f"# settings\nPORT = '{port}'\r\n")
        assert healthcheck.main() == 0


def test_the_environment_takes_precedence_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as port:
        Path(".env").write_text("PORT=1\n")
        monkeypatch.setenv("PORT", str(port))
        assert healthcheck.main() == 0


def test_it_connects_to_port_8000_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def record(host: str, port: int) -> bool:
        asked.append((host, port))
        return True

    monkeypatch.setattr(healthcheck, "_answers", record)
    assert healthcheck.main() == 0
    assert asked == [("127.0.0.1", 8000)]


def test_it_fails_if_the_service_does_not_answer_with_200(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(status=HTTPStatus.SERVICE_UNAVAILABLE) as port:
        monkeypatch.setenv("PORT", str(port))
        assert healthcheck.main() == 1
    assert healthcheck.main() == 1


def test_it_fails_if_another_protocol_is_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PORT", str(server.getsockname()[1]))

        def speak() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"220 ready\r\n")

        thread = threading.Thread(target=speak)
        thread.start()
        assert healthcheck.main() == 1
        thread.join()


def test_it_fails_if_there_is_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert healthcheck._PATIENCE_SECONDS == 2
    monkeypatch.setattr(healthcheck, "_PATIENCE_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PORT", str(silent.getsockname()[1]))
        assert healthcheck.main() == 1
