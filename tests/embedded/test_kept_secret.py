"""The secret of `tasks-api dev` survives a full disk and a crash."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from adapters.embedded.errors import UnusableDataFolder
from adapters.embedded.kept_secret import kept_secret


def test_a_secret_is_generated_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / ".data"
    secret = kept_secret(folder)
    assert len(secret) >= 32
    assert kept_secret(folder) == secret
    [file] = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", [b"", b"\n", b"x" * 31, b"\0" * 43, b"\xff" * 43], ids=repr)
def test_a_secret_that_was_cut_off_is_replaced(
    tmp_path: Path, left: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "better-auth-secret"
    file.write_bytes(left)
    secret = kept_secret(tmp_path)
    assert len(secret) >= 32
    assert file.read_text() == secret
    assert caplog.messages == [f"{file} holds no whole secret: a new one takes its place"]
    assert kept_secret(tmp_path) == secret


def test_a_secret_written_by_hand_is_kept_without_white_space(tmp_path: Path) -> None:
    own = "a secret that has thirty-two bytes or more"
    (tmp_path / "better-auth-secret").write_text(f"{own}\r\n")
    assert kept_secret(tmp_path) == own


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space on this disk"),
        (errno.EDQUOT, "free some space on this disk"),
        (errno.EROFS, "start in a folder that can be written"),
        (errno.EACCES, "start as the user who created it"),
    ],
)
@pytest.mark.parametrize("step", ["mkstemp", "fsync"])
def test_a_secret_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str, step: str
) -> None:
    (tmp_path / "better-auth-secret").write_text("cut off")

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile if step == "mkstemp" else os, step, fail)
    with pytest.raises(UnusableDataFolder) as refusal:
        kept_secret(tmp_path)
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path} cannot hold the data of `tasks-api dev` (")
    assert os.strerror(number) in message
    assert remedy in message
    assert "\n" not in message
    assert [file.read_text() for file in tmp_path.iterdir()] == ["cut off"]


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / ".data").write_text("")
    with pytest.raises(UnusableDataFolder, match=r"\(File exists\): move away"):
        kept_secret(tmp_path / ".data")
