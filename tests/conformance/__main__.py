"""Run the suites that apply to every engine on the database of URL."""

import os
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.given import Refused, given_database
from tests.conformance.report import Conformance

SUITES: Final = ("tests/contract", "tests/postgres", "tests/process", "tests/http")

CANNOT_RUN: Final = 2
"""Exit code if the suites cannot run. It is 1 if a test fails."""


def main(arguments: list[str]) -> int:
    """Return the exit code. ``arguments`` are passed to pytest; if they name a file, only that is
    run.
    """
    url, after = os.environ.get("URL", ""), os.environ.get("AFTER")
    try:
        with given_database(url, None if after is None else Path(after)) as database:
            suites = [] if any(Path(argument).is_file() for argument in arguments) else SUITES
            options = ["-m", "conformance", "--tb=short", "-q", "-rN"]
            code = pytest.main([*options, *suites, *arguments], plugins=[Conformance(database)])
    except Refused as error:
        sys.stderr.write(f"conformance: {error}\n")
        return CANNOT_RUN
    return code if code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} else CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
