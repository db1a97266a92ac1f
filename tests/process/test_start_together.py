"""Many processes start at once, and each migrates the schema."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.postgres.test_adoption import SQLMODEL
from tests.postgres.test_schema import EMPTY_SCHEMA, execute, prepare, snapshot

pytestmark = [pytest.mark.process, pytest.mark.postgres, pytest.mark.conformance]

PROCESSES = 6
ROUNDS = 5

# It imports everything once. Its children start when all of them exist.
STARTER = """
import asyncio, multiprocessing, sys
from adapters.postgres.database import Database

async def start(url):
    database = Database(url=url, users_table="users")
    await database.prepare()
    await database.check()
    await database.close()

def run(barrier, url):
    barrier.wait()
    asyncio.run(start(url))

context = multiprocessing.get_context("fork")
for url in sys.stdin:
    barrier = context.Barrier(PROCESSES)
    children = [context.Process(target=run, args=(barrier, url.strip())) for _ in range(PROCESSES)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    print([child.exitcode for child in children], flush=True)
""".replace("PROCESSES", str(PROCESSES))


@pytest.fixture(scope="module")
def starter() -> Iterator[subprocess.Popen[str]]:
    """A process that reads URLs of databases, and prints the exit codes of all starts on it."""
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


def _start_all(starter: subprocess.Popen[str], url: str) -> str:
    assert starter.stdin is not None
    assert starter.stdout is not None
    print(url, file=starter.stdin, flush=True)
    return starter.stdout.readline().strip()


@pytest.mark.parametrize("there", ["", SQLMODEL], ids=["nothing", "tables of others"])
async def test_all_processes_that_start_at_once_succeed(
    empty_database_url: str, starter: subprocess.Popen[str], there: str
) -> None:
    for _ in range(ROUNDS):
        execute(empty_database_url, EMPTY_SCHEMA + there)

        assert _start_all(starter, empty_database_url) == str([0] * PROCESSES)

        made = snapshot(empty_database_url)
        await prepare(empty_database_url)
        assert snapshot(empty_database_url) == made
