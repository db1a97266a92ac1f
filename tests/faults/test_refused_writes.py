"""PostgreSQL responds, but cannot or may not write."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.faults import load
from tests.faults.background import Background
from tests.faults.load import PEOPLE
from tests.faults.postgres import Postgres
from tests.faults.report import Measured
from tests.faults.serving import (
    OURS,
    audit,
    exchanges_of,
    is_retryable,
    last_failure_after,
    malformed,
    serving,
    succeeded,
)

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.process]

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only if unused otherwise
SMALL: Final = 256 * 1024 * 1024

Strike = Callable[[bool], None]
"""Begins the fault (True) and ends it (False)."""


@contextmanager
def full_disk(postgres: Postgres, database: str, folder: Path) -> Iterator[Strike]:
    """The database is on a small file system, which becomes full."""
    with small_disk(folder) as disk:
        filler, place = disk / "tasks-api-filler", disk / "tasks-api-tablespace"

        def fill(full: bool) -> None:
            if not full:
                filler.unlink(missing_ok=True)
                return
            with suppress(OSError), filler.open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))
            assert shutil.disk_usage(disk).free == 0

        place.mkdir(0o700)
        os.chown(place, postgres.data.stat().st_uid, postgres.data.stat().st_gid)
        postgres.administrate(f"CREATE TABLESPACE small LOCATION '{place}'")
        postgres.administrate(f"ALTER DATABASE {database} SET TABLESPACE small")
        try:
            yield fill
        finally:
            fill(False)
            postgres.administrate(f"ALTER DATABASE {database} SET TABLESPACE pg_default")
            postgres.administrate("DROP TABLESPACE small")
            shutil.rmtree(place)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system that may be filled: a new one, or the small one of every container."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=755", "none", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield disk
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    elif SHARED_MEMORY.exists() and shutil.disk_usage(SHARED_MEMORY).total <= SMALL:
        yield SHARED_MEMORY
    else:
        assert not os.environ.get("CI"), "there is no disk that may be filled"
        pytest.skip("only root can mount a disk that may be filled")


@contextmanager
def read_only(postgres: Postgres, database: str, _folder: Path) -> Iterator[Strike]:
    """New sessions may only read, as on a server that has been replaced."""

    def forbid(writing: bool) -> None:
        action = "SET default_transaction_read_only = on" if writing else "RESET ALL"
        postgres.administrate(f"ALTER DATABASE {database} {action}")
        if writing:
            postgres.administrate(f"SELECT pg_terminate_backend(pid, 5000) FROM {OURS}")

    yield forbid


@pytest.mark.parametrize(
    ("fault", "can_strike"),
    [("full disk", full_disk), ("read-only database", read_only)],
    ids=["full disk", "read only"],
)
def test_a_database_that_cannot_write_causes_500s_until_it_can(
    fault: str,
    can_strike: Callable[..., AbstractContextManager[Strike]],
    plain_postgres: Postgres,
    tmp_path: Path,
    measured: Measured,
) -> None:
    postgres = plain_postgres
    with (
        postgres.database(*PEOPLE) as database,
        can_strike(postgres, database, tmp_path) as strike,
        serving(tmp_path, postgres.url(database)) as service,
        Background(load.work, service.port) as people,
    ):
        time.sleep(1.5)
        struck = time.monotonic()
        strike(True)
        time.sleep(4)
        strike(False)
        over = time.monotonic()
        time.sleep(3)
        memories = people.result()
        wrong = audit(memories, postgres, database)
    exchanges = exchanges_of(memories)
    bad = malformed(exchanges)
    refused = [each for each in exchanges if is_retryable(each)]
    read = [each for each in exchanges if each.method == "GET" and struck < each.started < over - 1]
    last = last_failure_after(exchanges, over)
    measured(
        "9",
        f"{fault} for 4 s under 100 clients",
        "documented 500s, nothing half-written, reads go on, heals within 1 s",
        f"{len(refused)} documented 500s and {len(bad)} other failures in {len(exchanges)} "
        f"requests; {len(wrong)} writes lost or phantom; {sum(map(succeeded, read))} of "
        f"{len(read)} reads served; last 500 {max(last, 0):.2f} s after the end",
    )
    assert not wrong
    assert not bad
    assert refused
    assert read
    assert all(map(succeeded, read))
    assert last < 1
