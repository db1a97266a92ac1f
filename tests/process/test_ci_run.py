"""The commands and the last lines of `.ci/run`, with stand-ins for the programs that it starts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process.service import ROOT

pytestmark = pytest.mark.process

STAND_INS = {
    "dpkg-query": "echo installed",
    **dict.fromkeys(("apt-get", "sed", "node", "npm"), "exit 0"),
    "make": """echo "$1" >>targets; cat "$1.prints" 2>/dev/null; [ ! -e "$1.fails" ]""",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with `.ci/run` in which every program has a stand-in."""
    for folder in (".ci", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    for name, script in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/usr/bin/env bash\n{script}\n")
        program.chmod(0o755)
    return tmp_path


def ci_run(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".ci" / "run"],
        env={"PATH": f"{checkout / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def targets(checkout: Path) -> list[str]:
    return (checkout / "targets").read_text().split()


def test_it_runs_what_contributing_says(checkout: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    said = re.search(r"runs `make (check`.*?)\.\s", text, re.DOTALL)
    assert said is not None
    assert ci_run(checkout).returncode == 0
    assert targets(checkout) == re.findall(r"[a-z0-9-]+(?=`)", said[1])


def test_it_prints_at_its_end_what_did_not_run(checkout: Path) -> None:
    skipped = "SKIPPED [1] tests/a.py:1: only root can"
    not_audited = "NOT AUDITED for known vulnerabilities: out of reach"
    (checkout / "check.prints").write_text(f"checked\n{not_audited}\n")
    (checkout / "faults.prints").write_text(f"{skipped}\n1 passed\n{skipped}\n")
    printed = ci_run(checkout).stdout
    assert printed.endswith(f"\nAll checks passed. Not run:\n{not_audited}\n{skipped}\n")
    for target in ("check", "faults"):
        (checkout / f"{target}.prints").unlink()
    assert ci_run(checkout).stdout.endswith("Not run:\n(nothing: everything ran)\n")


def test_it_stops_at_the_first_target_that_fails(checkout: Path) -> None:
    (checkout / "test.fails").touch()
    result = ci_run(checkout)
    assert result.returncode != 0
    assert "passed" not in result.stdout
    assert targets(checkout) == ["check", "test"]
