"""The steps of the workflows that are commands. ``make check`` checks their form."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
CHECKS = yaml.safe_load((WORKFLOWS / "checks.yml").read_text())["jobs"]
RELEASE = yaml.safe_load((WORKFLOWS / "release.yml").read_text())["jobs"]["image"]["steps"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_the_fast_suite_runs_on_every_python_that_the_makefile_looks_for() -> None:
    [pythons] = re.findall(
        r"^PYTHONS := python3 (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    tried = [f"python{version}" for version in CHECKS["fast"]["strategy"]["matrix"]["python"]]
    assert tried == pythons.split()[::-1]


def test_all_checks_run_as_before_a_merge() -> None:
    assert CHECKS["all"]["steps"][-1]["run"] == "bash .ci/run"


@pytest.mark.process
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
# pyproject.toml has `python_version = "3.11"`, too.
@pytest.mark.parametrize("tag", [f"v{VERSION}", f"v{VERSION}0", "v3.11", "v", "nightly"])
def test_only_the_tag_of_this_version_is_published(tmp_path: Path, tag: str) -> None:
    [step] = [each for each in RELEASE if each.get("id") == "release"]
    output = tmp_path / "output"
    result = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "GITHUB_REF_NAME": tag,
            "GITHUB_REPOSITORY": "Someone/Tasks-API",
            "GITHUB_OUTPUT": str(output),
        },
        check=False,
    )
    published = result.returncode == 0
    assert published is (tag == f"v{VERSION}")
    if published:
        assert output.read_text() == f"version={VERSION}\nimage=ghcr.io/someone/tasks-api\n"


def test_the_image_is_published_with_its_origin_and_its_contents() -> None:
    [build] = [each["with"] for each in RELEASE if each.get("id") == "build"]
    assert build["provenance"] == "mode=max"
    assert build["sbom"] is True
    assert build["target"] == "prod"
    # The arguments that the Dockerfile declares; others would be ignored.
    declared = re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    given = re.findall(r"^(\w+)=", build["build-args"], re.MULTILINE)
    assert {*given} == {*declared}
