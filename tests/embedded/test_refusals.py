"""If a server cannot start, a sentence says why, and nothing is lost or left behind."""

import errno
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.embedded.server import EmbeddedPostgres, EmbeddedPostgresError
from tests.embedded.running import query

pytestmark = pytest.mark.postgres


def _refusal(server: EmbeddedPostgres) -> str:
    with pytest.raises(EmbeddedPostgresError) as refusal:
        server.start()
    return str(refusal.value)


def test_data_of_another_major_version_is_refused_and_kept(folder: Path) -> None:
    version = folder / "data" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("9\n")
    refusal = _refusal(EmbeddedPostgres(folder))
    assert f"PostgreSQL 9, which PostgreSQL {ours.strip()} cannot read" in refusal
    assert "make clean-data" in refusal
    version.write_text(ours)
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT 1") == [1]


def test_without_the_wheel_the_error_explains_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [])
    refusal = _refusal(EmbeddedPostgres(tmp_path / "postgres"))
    assert "uv sync" in refusal
    assert "`embedded`" in refusal


def test_a_server_that_cannot_start_shows_the_end_of_its_log(folder: Path) -> None:
    refusal = _refusal(EmbeddedPostgres(folder, {"shared_buffers": "nonsense"}))
    assert "ended while starting" in refusal
    assert 'invalid value for parameter "shared_buffers": "nonsense"' in refusal
    assert not Path((folder / "sockets").read_text()).exists()
    with EmbeddedPostgres(folder) as server:
        assert query(server.url, "SELECT 1") == [1]


def test_a_failed_start_leaves_no_incomplete_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.embedded.data_folder.SUPERUSER", "pg_forbidden")
    assert "disallowed" in _refusal(EmbeddedPostgres(tmp_path / "postgres"))
    assert not list((tmp_path / "postgres").glob("initdb-*"))
    assert not (tmp_path / "postgres" / "data").exists()


def test_the_message_names_a_path_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in _refusal(EmbeddedPostgres(tmp_path / "file" / "postgres"))


def test_a_full_disk_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.embedded.data_folder.SUPERUSER", "pg_forbidden")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    refusal = _refusal(EmbeddedPostgres(tmp_path / "postgres"))
    assert refusal.endswith(f"{os.strerror(errno.ENOSPC)}): free some space on this disk")
    assert "\n" not in refusal
