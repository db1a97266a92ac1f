"""The inner layers import nothing but the standard library and each other."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "domain": {"domain"},
    "application": {"application", "domain"},
}


def imported_packages(file: Path) -> set[str]:
    packages = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            packages.add((node.module or "").partition(".")[0])
    return packages


@pytest.mark.parametrize("layer", ALLOWED)
def test_an_inner_layer_is_pure_python(layer: str) -> None:
    files = list((ROOT / layer).rglob("*.py"))
    assert files
    for file in files:
        foreign = imported_packages(file) - sys.stdlib_module_names - ALLOWED[layer]
        assert not foreign, f"{file.relative_to(ROOT)} imports {foreign}"


@pytest.mark.parametrize("layer", ALLOWED)
def test_an_inner_layer_reads_no_clock_and_no_file(layer: str) -> None:
    forbidden = {"time", "random", "secrets", "os", "io", "pathlib", "socket", "logging", "uuid"}
    for file in (ROOT / layer).rglob("*.py"):
        assert not imported_packages(file) & forbidden, file
        assert "datetime.now" not in file.read_text(), file
