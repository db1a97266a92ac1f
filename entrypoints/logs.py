"""Configure logging and format the lines.

No line may contain a token, a secret or a task's text.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

from entrypoints.request_context import current_request
from entrypoints.settings import LogFormat, LogLevel

# The attributes of every record. All others are from ``extra``.
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}

# Their lines at INFO duplicate our own.
_NOISY_LOGGERS: Final = ("alembic", "httpx")

# json.dumps would take a tenth of a short request's time.
_encode: Final = msgspec.json.Encoder(enc_hook=str).encode


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Send every log line of the process to standard error in ``log_format``."""
    # Do not collect what no line shows, as the Logging HOWTO recommends:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    if sys.version_info >= (3, 12):
        logging.logAsyncioTasks = False
    logging._srcfile = None  # noqa: SLF001 - documented there
    handler = _LineHandler(sys.stderr)
    formatters = {LogFormat.JSON: JsonFormatter, LogFormat.CONSOLE: ConsoleFormatter}
    handler.setFormatter(formatters[log_format]())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for library in _NOISY_LOGGERS:
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLevelName(level)))


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream that sends each line by itself, as Python's standard error does."""

    def flush(self) -> None:
        """Do nothing."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, then all other facts."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return _encode(line).decode()
        except UnicodeEncodeError:
            # A lone surrogate cannot be encoded in UTF-8.
            return json.dumps(line, default=str)


class ConsoleFormatter(logging.Formatter):
    """Formats a record for people, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, followed by the stack trace if the record has one."""
        time = _time(record).astimezone().strftime("%H:%M:%S")
        facts = _facts(record)
        # A request's message already contains these.
        shown = {name: facts[name] for name in facts.keys() - {"method", "route", "path", "status"}}
        words = [f"{name}={value!r}" for name, value in sorted(shown.items())]
        line = " ".join([time, f"{record.levelname:<8}", record.getMessage(), *words])
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    request = current_request.get()
    if request is not None:
        facts["request_id"] = request.request_id
        if request.user_id is not None:
            facts["user_id"] = request.user_id
        if request.error is not None:
            facts["error"] = request.error
    return facts
