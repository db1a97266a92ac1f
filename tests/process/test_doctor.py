"""``tasks-api doctor``, called in this process with its own settings."""

import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.jwt.shared_secret import mint
from adapters.postgres import inspection as inspecting
from entrypoints import cli
from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import ISSUER, signing_key
from tests.ports import free_port
from tests.postgres.test_schema import execute, snapshot
from tests.postgres.test_users_table import better_auths
from tests.process.service import SECRET, environment
from tests.restored_logging import restored_logging

pytestmark = pytest.mark.process

Doctor = Callable[..., CompletedProcess[str]]

NOWHERE = f"postgresql://tasks:s3cr3t@127.0.0.1:{free_port()}/tasks"


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Call the command with only these settings."""
    monkeypatch.chdir(tmp_path)

    def doctor(*arguments: str, standard_input: str = "", **settings: str) -> CompletedProcess[str]:
        for name in os.environ.keys() - environment().keys():
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.StringIO(standard_input))
        with restored_logging():
            try:
                code = cli.main(["doctor", *arguments])
            except SystemExit as error:
                code = int(error.code or 0)
        output = capsys.readouterr()
        return CompletedProcess(arguments, code, output.out, output.err)

    return doctor


def token(secret: str = SECRET, *, subject: str = "ada", seconds: float = 900) -> str:
    return mint(secret=secret, subject=subject, lifetime=timedelta(seconds=seconds))


@contextmanager
def publishing(body: bytes, status: int = 200) -> Iterator[str]:
    """Serve ``body`` as a key set in a thread; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/auth/jwks"
        server.shutdown()
        thread.join()


MEMORY = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}


def test_what_can_work_exits_with_0(doctor: Doctor) -> None:
    result = doctor("--token", token(), "--origin", "http://localhost:3000", **MEMORY)
    assert result.returncode == 0, result.stdout
    assert "not checked, because STORAGE=memory" in result.stdout
    assert "✓ origin " in result.stdout
    assert result.stdout.splitlines()[-1].startswith("everything checked can work")
    assert result.stderr == ""


@pytest.mark.parametrize(
    "asked",
    [
        ["--token", token(seconds=-60)],
        ["--token", token("another secret of thirty-two bytes")],
        ["--token", "an-opaque-session-token"],
        ["--origin", "https://app.example.com"],
    ],
    ids=["expired", "another secret", "opaque", "origin"],
)
def test_a_failed_check_exits_with_1(doctor: Doctor, asked: list[str]) -> None:
    result = doctor(*asked, **MEMORY)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("1 failure, ")


def test_a_key_set_is_fetched_and_a_token_verified_with_it(doctor: Doctor) -> None:
    key = signing_key()
    with publishing(key_set(key)) as url:
        settings = {
            "STORAGE": "memory",
            "BETTER_AUTH_JWKS_URL": url,
            "BETTER_AUTH_ISSUER": ISSUER,
            "BETTER_AUTH_AUDIENCE": ISSUER,
        }
        accepted = doctor("--token", key.token(), **settings)
        assert accepted.returncode == 0, accepted.stdout
        assert re.search(r"✓ key set .* its keys are first \(EdDSA\)", accepted.stdout)
        assert "accepted; these are right: form, algorithm" in accepted.stdout
        refused = doctor("--token", key.token(iss="https://x.example", exp=1), **settings)
        assert refused.returncode == 1
        assert "✗ token issuer     the token's iss is 'https://x.example'" in refused.stdout
        assert "✗ token expiry     the token expired" in refused.stdout
        assert "accepted" not in refused.stdout


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [(b"", 404, "the server answers 404"), (b"<!doctype html>", 200, "an HTML page")],
    ids=["not found", "a page"],
)
def test_an_invalid_key_set_is_a_failure(
    doctor: Doctor, body: bytes, status: int, reason: str
) -> None:
    with publishing(body, status) as url:
        result = doctor(
            "--token", signing_key().token(), STORAGE="memory", BETTER_AUTH_JWKS_URL=url
        )
    assert result.returncode == 1
    [line] = [line for line in result.stdout.splitlines() if line.startswith("✗ key set ")]
    assert url in line
    assert reason in line
    assert result.stderr == ""


@pytest.mark.parametrize(
    "written", ["{}\n", "Bearer {}", "Authorization: bearer {}\r\n", '{{"token": "{}"}}']
)
def test_a_token_is_read_from_standard_input_as_people_copy_it(
    doctor: Doctor, written: str
) -> None:
    result = doctor("--token", "-", standard_input=written.format(token()), **MEMORY)
    assert result.returncode == 0, result.stdout
    assert doctor("--token", written.format(token()), **MEMORY).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--token", "-"], "no token"),
        (["--token", "Bearer "], "no token"),
        (["--nothing"], "unrecognized"),
    ],
    ids=str,
)
def test_a_wrong_use_exits_with_2(doctor: Doctor, arguments: list[str], sentence: str) -> None:
    result = doctor(*arguments, **MEMORY)
    assert result.returncode == 2
    assert sentence in result.stderr


def test_a_missing_setting_does_not_hide_what_else_is_wrong(doctor: Doctor) -> None:
    asked = ["--origin", "https://app.example.com", "--token", token()]
    result = doctor("--json", *asked, BETTER_AUTH_SECRET=SECRET)
    assert result.returncode == 1
    document = json.loads(result.stdout)
    failures = {check["name"]: check for check in document["checks"] if check["state"] == "failure"}
    assert document["ok"] is False
    assert set(failures) == {"settings", "origin"}
    assert "NEON_DB_URL is not set" in failures["settings"]["sentence"]


@pytest.mark.postgres
def test_a_database_in_use_is_checked_and_left_as_it_is(
    doctor: Doctor, empty_database_url: str
) -> None:
    execute(empty_database_url, better_auths('"user"', "text", "ada"))
    before = snapshot(empty_database_url)
    settings = {"NEON_DB_URL": empty_database_url, "BETTER_AUTH_SECRET": SECRET}
    known = doctor("--token", token(), **settings)
    assert known.returncode == 0, known.stdout
    assert "has a row in the table user" in known.stdout
    expired = doctor("--token", token(seconds=-60), **settings)
    assert expired.returncode == 1
    assert "has a row in the table user" in expired.stdout
    unknown = doctor("--token", token(subject="bob"), **settings)
    assert unknown.returncode == 1
    assert "✗ user " in unknown.stdout
    assert snapshot(empty_database_url) == before


def test_a_name_that_is_still_looked_up_does_not_delay_the_end(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    # After 10 s the wait ends, which the test notices.
    give_up = threading.Timer(10, ended.set)
    give_up.start()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: ended.wait())
    monkeypatch.setattr(inspecting, "INSPECT_WITHIN", 0.2)
    url = "postgresql://u:p@db.example/d"
    assert doctor(NEON_DB_URL=url, BETTER_AUTH_SECRET=SECRET).returncode == 1
    assert not ended.is_set()
    give_up.cancel()
    ended.set()


def test_a_wrong_variable_of_opentelemetry_is_a_failure(doctor: Doctor) -> None:
    result = doctor(**MEMORY, OTEL_TRACES_EXPORTER="jaeger")
    assert result.returncode == 1
    assert "✗ settings         OTEL_TRACES_EXPORTER must be otlp or none" in result.stdout


def test_an_unsafe_setting_is_a_warning(doctor: Doctor) -> None:
    result = doctor(STORAGE="memory", BETTER_AUTH_SECRET="short")
    assert result.returncode == 0
    assert "! settings         BETTER_AUTH_SECRET has fewer than 32 bytes" in result.stdout


def test_an_origin_is_compared_as_browsers_write_it(doctor: Doctor) -> None:
    allowed = "https://app.example.com"
    for asked, code in {
        "https://APP.example.com:443/": 0,
        "https://app.example.com:444": 1,
    }.items():
        assert doctor("--origin", asked, CORS_ORIGINS=allowed, **MEMORY).returncode == code


def test_a_token_signed_with_the_previous_secret_is_accepted(doctor: Doctor) -> None:
    previous = "another secret of thirty-two bytes"
    result = doctor("--token", token(previous), BETTER_AUTH_SECRET_PREVIOUS=previous, **MEMORY)
    assert result.returncode == 0, result.stdout


def test_an_unreachable_database_is_tried_once(doctor: Doctor) -> None:
    result = doctor("--token", token(), NEON_DB_URL=NOWHERE, BETTER_AUTH_SECRET=SECRET)
    assert result.returncode == 1
    assert result.stdout.count("127.0.0.1") == 1
    assert "s3cr3t" not in result.stdout


MARK = "x7Q9"
"""At both ends of every secret, so that no part of one is a word of a sentence by chance."""

_SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])).map(
    lambda text: f"{MARK}{text}{MARK}"
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=_SECRETS, secret=_SECRETS, opaque=_SECRETS, escape=st.booleans())
def test_no_secret_is_printed(
    doctor: Doctor, password: str, secret: str, opaque: str, *, escape: bool
) -> None:
    # If a password is not escaped, a part of it looks like a host or a port.
    written = quote(password, safe="") if escape else password
    url = NOWHERE.replace("s3cr3t", written)
    for asked in (opaque, token(secret)):
        result = doctor("--token", asked, NEON_DB_URL=url, BETTER_AUTH_SECRET=secret)
        printed = result.stdout + result.stderr
        assert MARK not in printed
        assert asked not in printed
