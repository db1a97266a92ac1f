"""Report which tests pass on the given database."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

import pytest

from tests.conformance.given import GIVEN, GivenDatabase

_REASON_MAX: Final = 300


@dataclass(slots=True)
class Check:
    """One test, with all its cases."""

    suite: str
    sentence: str
    cases: int = 0
    failures: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The lines of the table."""
        of = f" ({self.cases} cases)" if self.cases > 1 else ""
        if not self.failures:
            return [f"  holds     {self.sentence}{of}"]
        failed = f" ({len(self.failures)} of {self.cases} cases)" if self.cases > 1 else ""
        return [
            f"  DOES NOT  {self.sentence}{failed}",
            *(f"            {reason}" for reason in dict.fromkeys(self.failures)),
        ]


class Conformance:
    """A plugin of pytest that gives tests the database and prints a table at the end."""

    def __init__(self, database: GivenDatabase) -> None:
        self._database = database
        self._checks: dict[tuple[str, str], Check] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[GIVEN] = self._database

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Function
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        suite = str(item.path.relative_to(item.config.rootpath))
        name = item.function.__name__
        check = self._checks.setdefault(
            (suite, name), Check(suite, name.removeprefix("test_").replace("_", " "))
        )
        if report.when == "setup":
            check.cases += 1
        if report.failed:
            check.failures.append(_reason(report))
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("conformance")
        suite = None
        for check in self._checks.values():
            if check.suite != suite:
                suite = check.suite
                terminalreporter.write_line(suite)
            for line in check.lines():
                terminalreporter.write_line(line)
        broken = sum(bool(check.failures) for check in self._checks.values())
        terminalreporter.write_line(
            f"{len(self._checks) - broken} checks hold and {broken} do not, on "
            f"{self._database.server}"
        )


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    reason = str(report.longrepr if crash is None else crash.message)
    return " ".join(reason.split())[:_REASON_MAX]
