"""Base images are named by digest, and Dependabot renews each of them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IGNORED = {"node_modules", ".venv", ".git"}
DOCKERFILES = [
    path.relative_to(ROOT)
    for path in sorted(ROOT.rglob("Dockerfile"))
    # The Space's Dockerfile names the image of this project.
    if not IGNORED & {*path.parts} and path.parent.name != "huggingface"
]
DEPENDABOT = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=str)
def test_every_base_image_has_a_tag_to_renew_and_a_digest_to_fetch(path: Path) -> None:
    stages: set[str] = set()
    lines = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", (ROOT / path).read_text(), re.MULTILINE)
    for image, name in lines:
        assert image in stages or re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image
        stages.add(name)
    assert lines


def test_dependabot_visits_every_dockerfile() -> None:
    [docker] = [each for each in DEPENDABOT if each["package-ecosystem"] == "docker"]
    visited = {Path(folder.removeprefix("/")) for folder in docker["directories"]}
    assert visited == {path.parent for path in DOCKERFILES}


def test_dependabot_visits_every_lock_file_of_npm() -> None:
    [npm] = [each for each in DEPENDABOT if each["package-ecosystem"] == "npm"]
    found = {
        f"/{path.parent.relative_to(ROOT)}"
        for path in ROOT.rglob("package-lock.json")
        if not IGNORED & {*path.parts}
    }
    assert {*npm["directories"]} == found
