"""The output of ``tasks-api doctor``."""

import io
import json

import pytest

from application.check import Check
from entrypoints.doctor import report

FINE = Check.ok("settings", "all is well")
DOUBTFUL = Check.warning("users", "the table Ü is empty", "look at it")
BROKEN = Check.failure("schema", "there is none", "run `tasks-api migrate`")


def printed(*checks: Check, encoding: str = "utf-8") -> list[str]:
    """Return the lines that a terminal with this encoding gets."""
    buffer = io.BytesIO()
    lines = report.Lines(io.TextIOWrapper(buffer, encoding=encoding))
    for check in checks:
        lines.check(check)
    lines.end(checks)
    return buffer.getvalue().decode(encoding).splitlines()


def test_each_check_is_a_line_with_its_state_and_what_to_do() -> None:
    assert printed(FINE, DOUBTFUL, BROKEN) == [
        "✓ settings         all is well",
        "! users            the table Ü is empty",
        "                   → look at it",
        "✗ schema           there is none",
        "                   → run `tasks-api migrate`",
        "1 failure, 1 warning; docs/troubleshooting.md lists symptoms, causes and fixes",
    ]


def test_a_terminal_that_has_no_such_marks_gets_others() -> None:
    assert printed(FINE, DOUBTFUL, BROKEN, encoding="ascii")[:5] == [
        "+ settings         all is well",
        r"! users            the table \xdc is empty",
        "                   -> look at it",
        "x schema           there is none",
        "                   -> run `tasks-api migrate`",
    ]


def test_the_last_line_says_whether_everything_can_work() -> None:
    assert printed(FINE)[-1] == "everything checked can work"
    assert printed(FINE, DOUBTFUL)[-1] == "everything checked can work; 1 warning"
    assert printed(BROKEN, BROKEN)[-1].startswith("2 failures, 0 warnings; ")


def test_no_name_moves_the_cursor_or_starts_a_line() -> None:
    [line, _] = printed(Check.ok("users", "the table \x1b[2J\r\nusers"))
    assert line == r"✓ users            the table \x1b[2J\r\nusers"


@pytest.mark.parametrize(("check", "ok"), [(FINE, True), (DOUBTFUL, True), (BROKEN, False)])
def test_only_a_failure_is_no_success(check: Check, *, ok: bool) -> None:
    assert report.succeeded([FINE, check]) is ok
    assert json.loads(report.to_json([FINE, check]))["ok"] is ok


def test_programs_get_one_document() -> None:
    assert json.loads(report.to_json([FINE, BROKEN]))["checks"] == [
        {"name": "settings", "state": "ok", "sentence": "all is well", "remedy": None},
        {
            "name": "schema",
            "state": "failure",
            "sentence": "there is none",
            "remedy": "run `tasks-api migrate`",
        },
    ]
