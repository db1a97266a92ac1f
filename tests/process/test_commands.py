"""The command line. Most commands are called in this process, because a start takes a second."""

import errno
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jwt
import psycopg
import pytest

from adapters.embedded.folder_lock import folder_lock
from entrypoints import asgi
from tests.calling import Call
from tests.ports import free_port
from tests.process.service import SECRET, environment, run

pytestmark = pytest.mark.process

COMMANDS = ["serve", "dev", "migrate", "token", "openapi", "doctor"]


def test_help_names_every_command(call: Call) -> None:
    result = call("--help")
    assert result.returncode == 0
    assert all(command in result.stdout for command in COMMANDS)
    for command in COMMANDS:
        assert call(command, "--help").returncode == 0


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == "tasks-api 0.1.0\n"


QUICK_ANSWERS = """
import sys
before = set(sys.modules)
from entrypoints.cli import main
for arguments in (["--help"], ["serve", "--help"], ["--version"], ["serve", "--port", "x"], []):
    try:
        main(arguments)
    except SystemExit:
        pass
imported = {name.partition(".")[0] for name in sys.modules.keys() - before}
print(*sorted(imported - sys.stdlib_module_names))
"""


def test_help_the_version_and_a_wrong_argument_import_no_library(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", QUICK_ANSWERS],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "entrypoints"


def test_a_command_that_fails_ends_its_process_with_its_code(tmp_path: Path) -> None:
    settings = GOOD | {"STORAGE": "s3cr3t"}
    result = run("serve", cwd=tmp_path, **settings)
    assert result.returncode == 2
    assert result.stderr == "tasks-api: STORAGE should be 'postgres' or 'memory'\n"


def test_the_openapi_document_needs_no_setting(tmp_path: Path) -> None:
    document = json.loads(run("openapi", cwd=tmp_path).stdout)
    assert document["info"]["title"] == "tasks-api"


GOOD = {"NEON_DB_URL": "postgresql://u:s3cr3t@127.0.0.1:1/db", "BETTER_AUTH_SECRET": SECRET}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no database": ({"NEON_DB_URL": ""}, "NEON_DB_URL is not set"),
    "no keys": ({"BETTER_AUTH_SECRET": "-"}, "BETTER_AUTH_JWKS_URL is not set"),
    "an empty secret": ({"BETTER_AUTH_SECRET": ""}, "BETTER_AUTH_SECRET is empty"),
    "a % in the password": ({"NEON_DB_URL": "postgresql://u:s3cr3t%zz@h/d"}, "write %25 for %"),
    "an @ in the password": ({"NEON_DB_URL": "postgresql://u:pass@s3cr3t@h/d"}, "%40 for @"),
    "a / in the password": ({"NEON_DB_URL": "postgresql://u:s3cr3t/x@h/d"}, "write %2F for /"),
    "another database": ({"NEON_DB_URL": "mysql://u:s3cr3t@h/d"}, "NEON_DB_URL is the URL of a My"),
    "a wrong DATABASE_URL": (
        {"NEON_DB_URL": "", "DATABASE_URL": "mysql://u:s3cr3t@h/d"},
        "DATABASE_URL is the URL of a MySQL database",
    ),
    "unknown storage": ({"STORAGE": "s3cr3t"}, "STORAGE should be 'postgres' or 'memory'"),
    "unknown format": ({"LOG_FORMAT": "s3cr3t"}, "LOG_FORMAT should be 'json' or 'console'"),
    "unknown level": ({"LOG_LEVEL": "s3cr3t"}, "LOG_LEVEL should be"),
    "neither yes nor no": ({"MIGRATE_ON_START": "s3cr3t"}, "MIGRATE_ON_START should be"),
    "any origin": ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS has a *"),
    "a path as origin": (
        {"CORS_ORIGINS": "http://localhost,https://a.example/s3cr3t"},
        "CORS_ORIGINS (origin 2 of 2) has more than a scheme, a host and a port: "
        "write https://a.example\n",
    ),
    "every subdomain": ({"CORS_ORIGINS": "https://*.example.com"}, "CORS_ORIGINS has a *"),
    "a long users table": ({"USERS_TABLE": "é" * 32}, "USERS_TABLE must be"),
    "a users table with a schema and a database": (
        {"USERS_TABLE": "db.public.s3cr3t"},
        "USERS_TABLE must be",
    ),
    "a secret that is no text": ({"BETTER_AUTH_SECRET": "s3cr3t\udcff"}, "BETTER_AUTH_SECRET is"),
    "a URL that is no text": ({"NEON_DB_URL": "postgresql://u:\udcff@h/d"}, "NEON_DB_URL is"),
    "no port": ({"PORT": "s3cr3t"}, "PORT should be"),
    "a port that does not exist": ({"PORT": "65536"}, "PORT should be"),
    "a port that is chosen by chance": ({"PORT": "0"}, "PORT should be"),
    "a wrong value": (
        {"NEON_DB_URL": "postgresql://u@h/d?sslmode=x"},
        "NEON_DB_URL: invalid sslmode",
    ),
    "a wrong time": (
        {"NEON_DB_URL": "postgresql://u@h/d?connect_timeout=10s"},
        "NEON_DB_URL: connect_timeout (10s) is not a whole number",
    ),
    "a key set of no web": ({"BETTER_AUTH_JWKS_URL": "ftp://h/s3cr3t"}, "BETTER_AUTH_JWKS_URL"),
}


@pytest.mark.parametrize(("changed", "message"), WRONG.values(), ids=WRONG)
def test_an_invalid_setting_ends_the_start_with_one_line_that_names_it(
    call: Call, changed: dict[str, str], message: str
) -> None:
    settings = {name: value for name, value in (GOOD | changed).items() if value != "-"}
    result = call("serve", **settings)
    assert result.returncode == 2
    assert result.stderr.startswith("tasks-api: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert "s3cr3t" not in result.stderr


@pytest.mark.parametrize(
    "command",
    [["serve"], ["serve", "--workers", "2"], ["serve", "--reload"], ["dev"]],
    ids=" ".join,
)
@pytest.mark.parametrize("by_setting", [False, True], ids=["--port", "PORT"])
def test_a_port_that_is_taken_ends_the_start_with_one_line(
    call: Call, command: list[str], by_setting: bool
) -> None:
    settings = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        host = ["--host", "127.0.0.1"]
        if by_setting:
            result = call(*command, *host, **settings, PORT=port)
        else:
            result = call(*command, *host, "--port", port, **settings, PORT="1")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == (
        f"tasks-api: nothing can listen on 127.0.0.1:{port} ({os.strerror(errno.EADDRINUSE)}): "
        "choose another port with --port or PORT\n"
    )


def test_all_invalid_and_missing_settings_are_named_at_once(call: Call) -> None:
    settings = {
        "NEON_DB_URL": "postgresql://u:s3cr3t@h/d?sslmod=require&statement_timeout=5",
        "USERS_TABLE": "a.b.c",
        "CORS_ORIGINS": "*",
        "METRICS_PORT": "9464",
    }
    result = call("serve", "--workers", "2", **settings)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert all(line.startswith("tasks-api: ") for line in lines)
    assert [line.split()[1] for line in lines] == [
        "CORS_ORIGINS",
        "METRICS_PORT",
        "BETTER_AUTH_JWKS_URL",
        "NEON_DB_URL",
        "NEON_DB_URL",
        "USERS_TABLE",
    ]
    assert call("migrate", **settings).stderr.splitlines() == [lines[0], *lines[3:]]
    # Invalid settings are not also reported as missing.
    [line] = call("serve", **(GOOD | {"NEON_DB_URL": "\udcff"})).stderr.splitlines()
    assert line == "tasks-api: NEON_DB_URL is not UTF-8 text"


def test_settings_are_read_from_a_file_and_the_environment_takes_precedence(
    call: Call, tmp_path: Path
) -> None:
    lines = [f"BETTER_AUTH_SECRET={SECRET}", "STORAGE=nonsense"]
    (tmp_path / ".env").write_text("\n".join(lines))
    assert "STORAGE" in call("token", "--user", "ada").stderr
    result = call("token", "--user", "ada", STORAGE="memory")
    assert jwt.decode(result.stdout.strip(), SECRET, ["HS256"])["sub"] == "ada"


def test_a_file_of_settings_is_taken_literally(call: Call, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BETTER_AUTH_SECRET=ab${HOME}cd$ef-and-some-more-characters\n")
    token = call("token", "--user", "ada").stdout.strip()
    assert jwt.decode(token, "ab${HOME}cd$ef-and-some-more-characters", ["HS256"])
    (tmp_path / ".env").write_bytes(b"BETTER_AUTH_SECRET=\xff\n")
    result = call("serve", NEON_DB_URL=GOOD["NEON_DB_URL"])
    assert (result.returncode, result.stderr) == (2, "tasks-api: the file .env is not UTF-8\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "0"],
        ["serve", "--port", "65536"],
        ["serve", "--workers", "0"],
        ["serve", "--workers", "-1"],
        ["token", "--user", ""],
        ["token"],
        ["unknown"],
        [],
    ],
    ids=" ".join,
)
def test_a_wrong_argument_is_refused(call: Call, arguments: list[str]) -> None:
    result = call(*arguments, **GOOD)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("ttl", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), ("7d", 604_800)]
)
def test_a_token_expires_after_its_time_to_live(call: Call, ttl: str, seconds: int) -> None:
    result = call("token", "--user", "a b", "--ttl", ttl, BETTER_AUTH_SECRET=SECRET)
    claims = jwt.decode(result.stdout.strip(), SECRET, ["HS256"])
    assert claims["sub"] == "a b"
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize("ttl", ["", "1", "h", "0h", "-1h", "1.5h", "1w", "9999999d"])
def test_an_invalid_time_to_live_is_refused(call: Call, ttl: str) -> None:
    result = call("token", "--user", "ada", f"--ttl={ttl}", BETTER_AUTH_SECRET=SECRET)
    assert result.returncode == 2
    assert "30s, 15m, 1h or 7d" in result.stderr


@pytest.mark.postgres
def test_migrating_and_creating_a_user_can_be_repeated(call: Call, empty_database_url: str) -> None:
    settings = {"NEON_DB_URL": empty_database_url, "BETTER_AUTH_SECRET": SECRET}
    for _ in range(2):
        assert call("migrate", **settings).returncode == 0
        created = call("token", "--user", "ada", "--create-user", **settings)
        assert created.returncode == 0
        assert "development only" in created.stderr
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT id FROM users").fetchall() == [("ada",)]


@pytest.mark.postgres
def test_migrating_reports_why_tables_cannot_be_adopted(
    call: Call, empty_database_url: str
) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("CREATE TABLE tasks (id uuid PRIMARY KEY)")
    settings = {"NEON_DB_URL": empty_database_url, "BETTER_AUTH_SECRET": SECRET}
    for command in ("migrate", "serve"):
        result = call(command, **settings)
        assert result.returncode == 1
        assert result.stderr.strip().splitlines()[-1].startswith("tasks-api: ")
        assert "tasks" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.postgres
def test_a_parameter_that_the_server_refuses_ends_the_start(
    call: Call, empty_database_url: str
) -> None:
    settings = {"DATABASE_URL": f"{empty_database_url}&options=-cnone%3D1"}
    result = call("serve", BETTER_AUTH_SECRET=SECRET, **settings)
    assert result.returncode == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("tasks-api: DATABASE_URL: ")
    assert 'unrecognized configuration parameter "none"; correct the parameter options' in last


def test_migrating_an_unreachable_database_fails(call: Call) -> None:
    result = call("migrate", **GOOD)
    assert result.returncode == 1
    assert "s3cr3t" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_dev_in_the_same_folder_exits(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / ".data" / "postgres"
    folder.mkdir(parents=True)
    with folder_lock(folder):
        second = call("dev", "--port", str(free_port()))
    assert second.returncode == 1
    assert second.stderr.startswith("tasks-api: ")


def test_a_short_secret_causes_a_warning_at_each_start(
    set_up: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(STORAGE="memory", BETTER_AUTH_SECRET="short")
    asgi.create()
    [warning] = map(json.loads, capsys.readouterr().err.splitlines())
    assert warning["level"] == "warning"
    assert "BETTER_AUTH_SECRET" in warning["message"]
    set_up(STORAGE="memory", BETTER_AUTH_SECRET="short", LOG_FORMAT="console")
    asgi.create()
    assert re.search(r"WARNING.* BETTER_AUTH_SECRET has fewer", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (".data", errno.EEXIST),
        (".data/better-auth-secret/file", errno.EISDIR),
        (".data/postgres", errno.EEXIST),
        (".data/postgres/lock/file", errno.EISDIR),
    ],
)
def test_dev_reports_in_one_line_that_its_data_folder_cannot_be_used(
    call: Call, tmp_path: Path, place: str, reason: int
) -> None:
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text("")
    result = call("dev", "--port", str(free_port()))
    assert result.returncode == 2
    assert result.stderr.startswith("tasks-api: ")
    assert os.strerror(reason) in result.stderr
    assert result.stderr.endswith("move away what is in its place\n")
    assert result.stderr.count("\n") == 1
