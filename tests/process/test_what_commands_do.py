"""Effects of commands: options of the server, rows of the users table, output to a closed pipe."""

import logging
import os
import socket
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jwt
import psycopg
import pytest

from entrypoints import development, serve
from entrypoints.container import Container
from entrypoints.settings import Settings, StorageKind
from tests.calling import Call
from tests.process.service import COMMAND, ROOT, SECRET, environment

pytestmark = pytest.mark.process

MEMORY = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The options with which `serve` would have started the server."""
    options: list[dict[str, Any]] = []
    monkeypatch.setattr(serve, "serve_asgi", lambda _app, **given: options.append(given))
    return options


def test_reload_watches_every_package_of_the_program(
    call: Call, served: list[dict[str, Any]]
) -> None:
    assert call("serve", "--reload", **MEMORY).returncode == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["uv"]["build-backend"]["module-name"]
    assert sorted(served[0]["reload_folders"]) == sorted(ROOT / name for name in packages)


def test_options_reach_the_server(call: Call, served: list[dict[str, Any]]) -> None:
    arguments = ("--host", "127.0.0.1", "--workers", "3")
    assert call("serve", *arguments, **MEMORY, PORT="18765").returncode == 0
    [options] = served
    assert (options["host"], options["port"], options["workers"]) == ("127.0.0.1", 18765, 3)
    assert options["reload_folders"] == []


def test_the_name_of_the_users_table_does_not_matter_without_a_database(
    call: Call, served: list[dict[str, Any]]
) -> None:
    assert call("serve", **MEMORY, USERS_TABLE="db.public.users").returncode == 0
    assert served


@pytest.fixture
def developed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The environment in which `dev` would have served, at each of its starts."""
    variables: list[dict[str, str]] = []
    monkeypatch.setattr(development, "serve", lambda *_, **__: variables.append({**os.environ}))
    return variables


def test_dev_keeps_its_secret(call: Call, developed: list[dict[str, str]]) -> None:
    for _ in range(2):
        assert call("dev", STORAGE="memory").returncode == 0
        del os.environ["BETTER_AUTH_SECRET"]
    first, second = (variables["BETTER_AUTH_SECRET"] for variables in developed)
    assert first == second
    assert len(first) >= 32


def test_dev_uses_what_is_set(call: Call, developed: list[dict[str, str]], tmp_path: Path) -> None:
    given = {
        "NEON_DB_URL": "postgresql://u:p@127.0.0.1:1/db",
        "BETTER_AUTH_SECRET": SECRET,
        "LOG_FORMAT": "json",
    }
    assert call("dev", **given).returncode == 0
    assert developed[0].items() >= given.items()
    (tmp_path / "url").write_text(given.pop("NEON_DB_URL"))
    assert call("dev", **given, NEON_DB_URL_FILE=str(tmp_path / "url")).returncode == 0
    assert not (tmp_path / ".data").exists()


def test_dev_starts_no_database_if_its_port_is_taken(call: Call, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert call("dev", "--port", port).returncode == 3
    assert not (tmp_path / ".data" / "postgres").exists()


def test_dev_restarts_when_the_code_changes(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[dict[str, Any]] = []
    monkeypatch.setattr(development, "serve", lambda _container, **given: options.append(given))
    assert call("dev", STORAGE="memory").returncode == 0
    assert options[0]["reload"]


def test_dev_logs_for_people(call: Call, developed: list[dict[str, str]]) -> None:
    assert call("dev", STORAGE="memory").returncode == 0
    assert developed[0]["LOG_FORMAT"] == "console"


def test_dev_prints_tokens_for_two_users_that_are_valid_for_a_day() -> None:
    settings = Settings(_env_file=None, storage=StorageKind.MEMORY, better_auth_secret=SECRET)
    container = Container(settings=settings)
    text = development._users_and_a_request(container, "http://127.0.0.1:1")
    tokens = [line.split()[1] for line in text.splitlines() if line.startswith("Token ")]
    claims = [jwt.decode(token, SECRET, ["HS256"]) for token in tokens]
    assert [each["sub"] for each in claims] == ["demo-user", "other-user"]
    assert {each["exp"] - each["iat"] for each in claims} == {86_400}


def test_a_token_is_valid_for_an_hour_by_default(call: Call) -> None:
    token = call("token", "--user", "ada", BETTER_AUTH_SECRET=SECRET).stdout.strip()
    claims = jwt.decode(token, SECRET, ["HS256"])
    assert claims["exp"] - claims["iat"] == 3600


def test_a_token_has_the_issuer_and_the_audience_that_are_set(call: Call) -> None:
    expected = {"BETTER_AUTH_ISSUER": "https://a.example", "BETTER_AUTH_AUDIENCE": "tasks"}
    token = call("token", "--user", "ada", BETTER_AUTH_SECRET=SECRET, **expected).stdout.strip()
    claims = jwt.decode(token, SECRET, ["HS256"], options={"verify_aud": False})
    assert [claims["iss"], claims["aud"]] == list(expected.values())


@pytest.mark.postgres
def test_a_user_is_created_in_the_table_that_is_set(call: Call, empty_database_url: str) -> None:
    settings = {"NEON_DB_URL": empty_database_url, "BETTER_AUTH_SECRET": SECRET}
    settings["USERS_TABLE"] = "people"
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "CREATE TABLE people (id text PRIMARY KEY); CREATE TABLE users (id text PRIMARY KEY)"
        )
    # Before the first migration, only the setting names the table.
    assert call("token", "--user", "ada", "--create-user", **settings).returncode == 0
    assert call("migrate", **settings).returncode == 0
    assert call("token", "--user", "bob", "--create-user", **settings).returncode == 0
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT id FROM people").fetchall() == [("ada",), ("bob",)]
        assert connection.execute("SELECT id FROM users").fetchall() == []


def test_a_reader_that_closes_the_pipe_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "openapi"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.parametrize("level", ["DEBUG", "ERROR"])
def test_the_level_of_the_log_is_set_and_libraries_that_repeat_our_lines_are_quieter(
    call: Call, level: str
) -> None:
    assert call("migrate", **MEMORY, LOG_LEVEL=level).returncode == 0
    assert logging.getLevelName(logging.root.level) == level
    for library in ("alembic", "httpx"):
        quieter = logging.getLogger(f"{library}.anything").getEffectiveLevel()
        assert quieter == max(logging.root.level, logging.WARNING)
