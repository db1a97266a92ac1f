"""A folder has one owner, and the server ends with it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from adapters.embedded.programs import find_programs
from adapters.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from tests.embedded.running import owner_process, query, read_url, server_pid
from tests.waiting import eventually

pytestmark = pytest.mark.postgres

_PARENT_DEATH_SIGNAL = pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="only Linux ends a process with its parent"
)


def _note(folder: Path, pid: int) -> None:
    """Leave the postmaster.pid of a server that could not remove it."""
    lines = [
        pid,
        folder / "data",
        1_700_000_000,
        5432,
        "/nowhere",
        "",
        "  5432001  999999",
        "ready",
    ]
    (folder / "data" / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))


@contextmanager
def _sleeper(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's user that is not PostgreSQL."""
    command = [*find_programs(folder).launcher, "/bin/sleep", "60"]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


def test_a_second_owner_in_another_process_is_refused(folder: Path) -> None:
    with owner_process(folder) as owner:
        url = read_url(owner)
        with pytest.raises(EmbeddedPostgresError) as refusal:
            EmbeddedPostgres(folder).start()
        assert str(folder) in str(refusal.value)
        assert f"(PID {owner.pid})" in str(refusal.value)
        assert query(url, "SELECT 1") == [1]


def test_a_second_start_in_this_process_is_refused_and_harms_nothing(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        for second in (server, EmbeddedPostgres(folder)):
            with pytest.raises(EmbeddedPostgresError, match=rf"\(PID {os.getpid()}\)"):
                second.start()
        assert query(server.url, "SELECT 1") == [1]


@_PARENT_DEATH_SIGNAL
def test_the_server_ends_with_its_killed_owner(folder: Path) -> None:
    with owner_process(folder) as owner:
        url = read_url(owner)
        owner.kill()
        eventually(lambda: not (folder / "data" / "postmaster.pid").exists())
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
    Path((folder / "sockets").read_text()).rmdir()


def test_a_new_owner_can_start_right_after_a_killed_one(folder: Path) -> None:
    with owner_process(folder) as owner:
        query(read_url(owner), "CREATE TABLE kept AS SELECT 'yes' AS answer")
        sockets = Path((folder / "sockets").read_text())
        owner.kill()
        owner.wait()
        with EmbeddedPostgres(folder) as server:
            assert query(server.url, "SELECT answer FROM kept") == ["yes"]
            assert not sockets.exists()


def test_a_killed_server_is_recovered(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    server.start()
    query(server.url, "CREATE TABLE kept AS SELECT 'yes' AS answer")
    os.kill(server_pid(folder), signal.SIGKILL)
    server.stop()
    with EmbeddedPostgres(folder) as next_server:
        assert query(next_server.url, "SELECT answer FROM kept") == ["yes"]


def test_a_server_without_owner_is_stopped_in_order(folder: Path) -> None:
    sockets = folder / "leftover"
    programs = find_programs(folder)
    sockets.mkdir()
    os.chown(sockets, programs.uid, programs.gid)
    leftover = programs.start(
        "postgres",
        *(
            "-D",
            str(folder / "data"),
            "--listen_addresses=",
            f"--unix_socket_directories={sockets}",
        ),
        log=folder / "leftover.log",
    )
    with leftover:
        eventually(lambda: "ready to accept" in (folder / "leftover.log").read_text())
        with EmbeddedPostgres(folder) as server:
            assert leftover.wait() == 0
            assert query(server.url, "SELECT 1") == [1]


def test_a_process_that_got_a_former_server_s_pid_is_left_alone(folder: Path) -> None:
    with _sleeper(folder) as sleeper:
        _note(folder, sleeper.pid)
        with EmbeddedPostgres(folder) as server:
            assert query(server.url, "SELECT 1") == [1]
        assert sleeper.poll() is None


def test_a_server_of_other_data_that_got_the_pid_is_left_alone(
    folder: Path, tmp_path: Path
) -> None:
    with EmbeddedPostgres(tmp_path / "another") as another:
        _note(folder, server_pid(tmp_path / "another"))
        with EmbeddedPostgres(folder) as server:
            assert query(server.url, "SELECT 1") == [1]
        assert query(another.url, "SELECT 1") == [1]


def test_ctrl_c_reaches_the_owner_only(folder: Path) -> None:
    with owner_process(folder) as owner:
        url = read_url(owner)
        with psycopg.connect(url) as connection:
            os.killpg(owner.pid, signal.SIGINT)
            assert connection.execute("SELECT pg_sleep(0.2), 1").fetchone() is not None
        assert query(url, "SELECT 1") == [1]


def test_the_next_start_repairs_an_interrupted_first_start(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    with owner_process(folder) as owner:
        eventually(lambda: any(folder.glob("initdb-*/PG_VERSION")))
        owner.kill()
        owner.wait()
    assert not (folder / "data").exists()
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT current_database()") == ["tasks"]
        assert not any(folder.glob("initdb-*"))


@pytest.mark.parametrize("left", ["", "\n", "nonsense\n"])
def test_a_postmaster_pid_without_a_pid_does_not_prevent_a_start(folder: Path, left: str) -> None:
    # A full disk leaves such a file, and PostgreSQL refuses to start beside it.
    (folder / "data" / "postmaster.pid").write_text(left)
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT 1") == [1]
