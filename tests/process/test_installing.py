"""The service is installed from a repository's address, without a clone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documents.blocks import tracked_files
from tests.process.service import ROOT

pytestmark = pytest.mark.process


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with this code."""
    folder = tmp_path / "repository"
    for path in tracked_files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "All"]):
        run("git", *arguments, folder=folder)
    return folder


def test_it_is_installed_as_the_readme_says(repository: Path, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    address = "git+https://github.com/OWNER/tasks-api"
    assert f"uv tool install {address} " in readme
    uv = ROOT / ".uv" / "bin" / "uv"
    uv = uv if uv.exists() else Path(shutil.which("uv") or "uv")
    # The packages of the lock file, so that a release of one of them does not fail this test.
    locked = ("export", "--locked", "--no-dev", "--no-hashes", "--no-emit-project", "-o")
    run(uv, "-q", *locked, tmp_path / "locked.txt", folder=ROOT)
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    from_here = f"git+{repository.as_uri()}"
    constraints = ("--constraints", tmp_path / "locked.txt")
    run(uv, "tool", "install", *constraints, from_here, folder=tmp_path, **folders)
    installed = tmp_path / "bin" / "tasks-api"
    assert run(installed, "--version", folder=tmp_path).startswith("tasks-api ")
    # Migrations and pages are files beside the code.
    assert '"/api/{user_id}/tasks"' in run(installed, "openapi", folder=tmp_path)
    [found] = (tmp_path / "tools").glob("tasks-api/lib/python*/site-packages/adapters")
    assert list(found.glob("postgres/migrations/versions/0001*.py"))
