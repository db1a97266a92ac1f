"""Print checks: as lines for people, or as a JSON document for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, TextIO

from application.check import Check, State

_MARKS: Final = {State.OK: "✓", State.WARNING: "!", State.FAILURE: "✗"}
_ASCII_MARKS: Final = {State.OK: "+", State.WARNING: "!", State.FAILURE: "x"}
_ARROW: Final = "→"
_ASCII_ARROW: Final = "->"

_NAME_WIDTH: Final = len("token extensions")

_HELP: Final = "docs/troubleshooting.md lists symptoms, causes and fixes"


def succeeded(checks: Iterable[Check]) -> bool:
    """Return whether no check has failed."""
    return all(check.state is not State.FAILURE for check in checks)


class Lines:
    """Prints each check to ``stream`` as a line, with a remedy in the line below."""

    def __init__(self, stream: TextIO) -> None:
        """Use ASCII marks if ``stream`` cannot encode the others."""
        encodes = _can_encode(stream, "".join(_MARKS.values()) + _ARROW)
        self._stream = stream
        self._marks = _MARKS if encodes else _ASCII_MARKS
        self._arrow = _ARROW if encodes else _ASCII_ARROW

    def check(self, check: Check) -> None:
        """Print ``check``."""
        self._print(f"{self._marks[check.state]} {check.name:<{_NAME_WIDTH}} {check.sentence}")
        if check.remedy:
            self._print(f"  {'':<{_NAME_WIDTH}} {self._arrow} {check.remedy}")

    def end(self, checks: Sequence[Check]) -> None:
        """Print the summary of all ``checks``."""
        failures = sum(check.state is State.FAILURE for check in checks)
        warnings = sum(check.state is State.WARNING for check in checks)
        if failures:
            self._print(f"{_count(failures, 'failure')}, {_count(warnings, 'warning')}; {_HELP}")
        elif warnings:
            self._print(f"everything checked can work; {_count(warnings, 'warning')}")
        else:
            self._print("everything checked can work")

    def _print(self, line: str) -> None:
        encoding = self._stream.encoding or "ascii"
        # Names of tables and users may contain any character, even ones that move the cursor.
        printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
        encodable = printable.encode(encoding, errors="backslashreplace").decode(encoding)
        print(encodable, file=self._stream, flush=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def to_json(checks: Sequence[Check]) -> str:
    """Return a JSON document: whether no check has failed, and all checks."""
    document: dict[str, Any] = {
        "ok": succeeded(checks),
        "checks": [
            {
                "name": check.name,
                "state": check.state.value,
                "sentence": check.sentence,
                "remedy": check.remedy or None,
            }
            for check in checks
        ],
    }
    return json.dumps(document, indent=2)
