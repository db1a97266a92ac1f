"""Many processes start at once, and each migrates the schema."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgres.test_adoption import SQLMODEL
from tests.postgres.test_schema import execute, prepare, snapshot

pytestmark = [pytest.mark.process, pytest.mark.postgres]

PROCESSES = 6
ROUNDS = 5

# The processes import everything first and start on a signal, so that they start at the same time.
STARTER = """
import asyncio, sys
from adapters.postgres.database import Database

async def start(url):
    database = Database(url=url, users_table="users")
    await database.prepare()
    await database.check()
    await database.close()

print("loaded", flush=True)
for url in sys.stdin:
    asyncio.run(start(url.strip()))
    print("started", flush=True)
"""


@pytest.fixture(scope="module")
def starters() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that read URLs of databases, start on each, and print "started"."""
    command = [sys.executable, "-c", STARTER]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(PROCESSES)
        ]
        assert _answers(processes) == ["loaded"] * PROCESSES
        yield processes


def _start_all(starters: list[subprocess.Popen[str]], url: str) -> list[str]:
    for process in starters:
        assert process.stdin is not None
        print(url, file=process.stdin, flush=True)
    return _answers(starters)


def _answers(starters: list[subprocess.Popen[str]]) -> list[str]:
    return [process.stdout.readline().strip() for process in starters if process.stdout is not None]


@pytest.mark.parametrize("there", ["", SQLMODEL], ids=["nothing", "tables of others"])
async def test_all_processes_that_start_at_once_succeed(
    empty_database_url: str, starters: list[subprocess.Popen[str]], there: str
) -> None:
    for _ in range(ROUNDS):
        execute(empty_database_url, f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {there}")

        assert _start_all(starters, empty_database_url) == ["started"] * PROCESSES

        made = snapshot(empty_database_url)
        await prepare(empty_database_url)
        assert snapshot(empty_database_url) == made
