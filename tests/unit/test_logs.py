"""The lines of the log."""

import json
import logging
import time
from typing import Any

import pytest

from entrypoints.logs import ConsoleFormatter, JsonFormatter, configure
from entrypoints.request_context import RequestContext, current_request
from entrypoints.settings import LogFormat, LogLevel
from tests.restored_logging import restored_logging


def formatted(message: str, **extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord(
        {"name": "a.b", "levelname": "INFO", "msg": message, "created": 1795000000.25, **extra}
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_a_line_is_one_json_object_with_the_facts_that_were_passed() -> None:
    assert formatted("hello", status=200, method="GET") == {
        "time": "2026-11-18T11:06:40.250000Z",
        "level": "info",
        "logger": "a.b",
        "message": "hello",
        "status": 200,
        "method": "GET",
    }


def test_a_line_of_a_request_names_it() -> None:
    token = current_request.set(RequestContext("id-1", user_id="ada", error="TaskNotFound"))
    line = formatted("hello")
    current_request.reset(token)
    assert (line["request_id"], line["user_id"], line["error"]) == ("id-1", "ada", "TaskNotFound")


@pytest.mark.parametrize("text", ["\ud800", "é\n\u2028", "a\x00b"])
def test_any_text_can_be_logged(text: str) -> None:
    assert formatted(text)["message"] == text


def test_values_of_other_types_are_logged_as_text() -> None:
    assert formatted("hello", error_type=ValueError)["error_type"] == "<class 'ValueError'>"


def failed_record() -> logging.LogRecord:
    try:
        int("x")
    except ValueError as error:
        failure = (ValueError, error, error.__traceback__)
    return logging.makeLogRecord(
        {
            "levelname": "ERROR",
            "msg": "it failed",
            "exc_info": failure,
            "b": 2,
            "a": 1,
            "status": 500,
        }
    )


def test_a_line_of_an_error_has_its_stack_trace() -> None:
    line = json.loads(JsonFormatter().format(failed_record()))
    assert line["message"] == "it failed"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: 'x'")


def test_a_line_for_people_has_the_facts_in_order_and_then_the_stack_trace() -> None:
    first, *others = ConsoleFormatter().format(failed_record()).splitlines()
    assert first.split(maxsplit=1)[1] == "ERROR    it failed a=1 b=2"
    assert others[0].startswith("Traceback")
    assert others[-1].startswith("ValueError: ")


def test_a_line_for_people_has_the_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.makeLogRecord({"levelname": "INFO", "msg": "hello", "created": 1795000000.25})
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XST-5:30")
        time.tzset()
        line = ConsoleFormatter().format(record)
    time.tzset()
    assert line == "16:36:40 INFO     hello"


@pytest.mark.parametrize("level", LogLevel)
def test_libraries_log_warnings_at_most_and_never_more_than_the_service(level: LogLevel) -> None:
    with restored_logging():
        configure(LogFormat.JSON, level)
        for library in ("alembic", "httpx"):
            logger = logging.getLogger(library)
            assert not logger.isEnabledFor(logging.INFO)
            assert logger.isEnabledFor(logging.WARNING) == logging.root.isEnabledFor(
                logging.WARNING
            )
