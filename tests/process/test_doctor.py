"""``tasks-api doctor``, called in this process with settings of its own."""

import io
import json
import os
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.jwt.shared_secret import mint
from entrypoints import cli
from tests.ports import free_port
from tests.postgres.test_schema import execute, snapshot
from tests.postgres.test_users_table import better_auths
from tests.process.service import SECRET, environment

pytestmark = pytest.mark.process

Doctor = Callable[..., CompletedProcess[str]]

NOWHERE = f"postgresql://tasks:s3cr3t@127.0.0.1:{free_port()}/tasks"


@pytest.fixture
def doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Doctor:
    """Call the command with these settings and no others."""
    monkeypatch.chdir(tmp_path)

    def doctor(*arguments: str, standard_input: str = "", **settings: str) -> CompletedProcess[str]:
        for name in os.environ.keys() - environment().keys():
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "stdin", io.StringIO(standard_input))
        try:
            code = cli.main(["doctor", *arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        output = capsys.readouterr()
        return CompletedProcess(arguments, code, output.out, output.err)

    return doctor


def token(secret: str = SECRET, *, subject: str = "ada", seconds: float = 900) -> str:
    return mint(secret=secret, subject=subject, lifetime=timedelta(seconds=seconds))


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
def test_what_was_asked_and_cannot_work_exits_with_1(doctor: Doctor, asked: list[str]) -> None:
    result = doctor(*asked, **MEMORY)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1].startswith("1 failure, ")


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
    result = doctor("--json", "--origin", "https://app.example.com", BETTER_AUTH_SECRET=SECRET)
    assert result.returncode == 1
    document = json.loads(result.stdout)
    failures = {check["name"]: check for check in document["checks"] if check["state"] == "failure"}
    assert document["ok"] is False
    assert set(failures) == {"database", "origin"}
    assert "NEON_DB_URL is not set" in failures["database"]["sentence"]


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
    unknown = doctor("--token", token(subject="bob"), **settings)
    assert unknown.returncode == 1
    assert "✗ user " in unknown.stdout
    assert snapshot(empty_database_url) == before


def test_an_unreachable_database_is_asked_for_once(doctor: Doctor) -> None:
    result = doctor("--token", token(), NEON_DB_URL=NOWHERE, BETTER_AUTH_SECRET=SECRET)
    assert result.returncode == 1
    assert result.stdout.count("127.0.0.1") == 1
    assert "s3cr3t" not in result.stdout


# Eight characters are no word of a sentence by chance.
_SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(password=_SECRETS, secret=_SECRETS, claims=_SECRETS, escape=st.booleans())
def test_no_secret_is_printed(
    doctor: Doctor, password: str, secret: str, claims: str, *, escape: bool
) -> None:
    written = quote(password, safe="") if escape else password
    url = NOWHERE.replace("s3cr3t", written)
    given_token = claims if claims.startswith("-") is False else "x" + claims
    for asked in (given_token, token(secret)):
        result = doctor("--token", asked, NEON_DB_URL=url, BETTER_AUTH_SECRET=secret)
        printed = result.stdout + result.stderr
        for hidden in (password, written, secret, asked):
            assert hidden not in printed
        if not escape:
            parts = [part for part in re.split("[@/:?#]", password) if len(part) >= 8]
            assert not [part for part in parts if part in printed]
