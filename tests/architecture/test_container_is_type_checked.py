"""The type checker checks every adapter in the container against its port."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTAINER = (ROOT / "entrypoints" / "container.py").read_text()


@pytest.mark.process
@pytest.mark.parametrize(
    ("wired", "wrong"),
    [
        ("ThreadSafeSingleton(MemoryTaskRepository)", "ThreadSafeSingleton(MemoryStorage)"),
        ("        PostgresTaskRepository,", "        Database,"),
        ("ThreadSafeSingleton(SystemClock)", "ThreadSafeSingleton(MemoryStorage)"),
        ("ThreadSafeSingleton(MemoryStorage)", "ThreadSafeSingleton(SystemClock)"),
        ("        KeySetTokenVerifier,", "        ClaimRules,"),
    ],
)
def test_the_type_checker_rejects_an_adapter_of_another_port(
    tmp_path: Path, wired: str, wrong: str
) -> None:
    assert wired in CONTAINER
    changed = tmp_path / "container.py"
    changed.write_text(CONTAINER.replace(wired, wrong))
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(changed)],
        cwd=ROOT,
        env={"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1, result.stdout
    assert re.search(r"container\.py:\d+: error: .*[Ii]ncompatible type", result.stdout), (
        result.stdout
    )
