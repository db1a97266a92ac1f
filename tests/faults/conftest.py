import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.faults.postgres import Postgres, require_debians
from tests.faults.report import Measured, Row, as_markdown, as_text

_ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = []


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Records one row of the table. Call it before asserting, so that a failure has figures too."""
    rows = request.config.stash[_ROWS]

    def record(number: str, fault: str, promise: str, measured: str) -> None:
        rows.append(Row(request.node.nodeid, number, fault, promise, measured))

    return record


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for row in item.config.stash[_ROWS]:
            if row.test == item.nodeid:
                row.kept = False
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[_ROWS]
    if not rows:
        return
    terminalreporter.section("faults")
    terminalreporter.write_line(as_text(rows))
    if path := os.environ.get("FAULTS_REPORT"):
        Path(path).write_text(as_markdown(rows))


@pytest.fixture(scope="session")
def plain_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The embedded PostgreSQL on a TCP port. A test that breaks it leaves it running."""
    with Postgres(tmp_path_factory.mktemp("plain")) as server:
        yield server


@pytest.fixture(scope="session")
def secure_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Debian's PostgreSQL 15, which accepts TLS with SCRAM and channel binding only."""
    require_debians()
    with Postgres(tmp_path_factory.mktemp("secure"), debians=True) as server:
        yield server


@pytest.fixture(params=["plain", "secure"])
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """Each of the two, one after the other."""
    server: Postgres = request.getfixturevalue(f"{request.param}_postgres")
    return server
