"""A checkout works with spaces in its path, CRLF, any Python, and without uv."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process.service import ROOT

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]

# The programs that the recipes need, without uv and Python.
PROGRAMS = ("sh", "make", "mkdir", "cat", "chmod", "grep", "sed", "expand")

FAKE_PYTHON = """#!/bin/sh
case "$1 $2" in
    "-c "*) exit {too_old} ;;
    "--version "*) echo "Python 3.9.2" ;;
    "-m venv")
        mkdir -p .uv/bin
        printf '#!/bin/sh\\necho "pip $*"\\nexit {pip}\\n' > .uv/bin/python
        chmod +x .uv/bin/python ;;
esac
"""


class Checkout:
    """A copy of the Makefile in its own folder, and the programs that it finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "my checkout"
        self.programs = folder / "my programs"
        self.folder.mkdir()
        self.programs.mkdir()
        shutil.copy(ROOT / "Makefile", self.folder)
        for name in PROGRAMS:
            found = shutil.which(name)
            assert found is not None, name
            (self.programs / name).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(script)
        program.chmod(0o755)

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env={"PATH": str(self.programs), **variables},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "variables", "command"),
    [
        (["run"], {}, "tasks-api dev"),
        (["run", "PORT=8001"], {}, "tasks-api dev --port 8001"),
        (["run"], {"PORT": "8001"}, "tasks-api dev --port 8001"),
        (["doctor"], {"ARGS": "--json"}, "tasks-api doctor --json"),
        (["example"], {}, "python -m examples.stack"),
        (
            ["example", "PORT=8001", "WEB_PORT=3001"],
            {},
            "python -m examples.stack --port 8001 --web-port 3001",
        ),
    ],
)
def test_what_runs_the_service_leaves_out_the_tools_of_the_tests(
    checkout: Checkout, arguments: list[str], variables: dict[str, str], command: str
) -> None:
    checkout.has("uv", '#!/bin/sh\necho "uv $*"\n')
    result = checkout.make(*arguments, **variables)
    assert result.stdout == f"uv run --locked --no-dev --group embedded {command}\n"


def listed(result: subprocess.CompletedProcess[str]) -> list[str]:
    assert result.returncode == 0, result.stderr
    return [line.split(maxsplit=1)[0] for line in result.stdout.splitlines()]


def test_make_lists_what_a_person_needs_first(checkout: Checkout) -> None:
    names = listed(checkout.make())
    assert names == ["run", "example", "doctor", "test-fast", "test", "check", "help-all"]
    assert names == listed(checkout.make("help"))


def test_every_target_is_listed_and_is_no_file(checkout: Checkout) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE)
    assert targets == listed(checkout.make("help-all"))
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert sorted(phony.split()) == sorted(targets)


def test_the_newest_suitable_python_is_found_whatever_its_name(checkout: Checkout) -> None:
    checkout.has("python3", FAKE_PYTHON.format(too_old=1, pip=0))
    checkout.has("python3.13", FAKE_PYTHON.format(too_old=0, pip=0))
    result = checkout.make(".uv/bin/uv")
    assert result.returncode == 0, result.stderr
    assert "pip -m pip install" in result.stdout


def test_a_missing_python_is_reported(checkout: Checkout) -> None:
    result = checkout.make("run")
    assert result.returncode == 2
    assert result.stdout == (
        "Python 3.11 or newer is needed, but no python3 was found: install a newer Python, or uv\n"
    )


def test_a_python_that_is_too_old_is_named(checkout: Checkout) -> None:
    checkout.has("python3", FAKE_PYTHON.format(too_old=1, pip=0))
    result = checkout.make("run")
    assert result.returncode == 2
    assert "is needed, but Python 3.9.2 was found" in result.stdout


def test_an_authority_of_a_proxy_is_given_to_pip_and_asked_for_if_pip_fails(
    checkout: Checkout,
) -> None:
    checkout.has("python3", FAKE_PYTHON.format(too_old=0, pip=1))
    result = checkout.make(".uv/bin/uv", SSL_CERT_FILE="/my proxy.pem")
    assert result.returncode == 2
    assert "--cert /my proxy.pem --require-hashes" in result.stdout
    assert "Behind a proxy that inspects TLS, set SSL_CERT_FILE" in result.stdout


def test_every_text_is_checked_out_with_lf(tmp_path: Path) -> None:
    subprocess.run(
        ["git", "-c", "core.autocrlf=true", "checkout-index", "--all", f"--prefix={tmp_path}/"],
        cwd=ROOT,
        check=True,
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 100
    texts = {path: path.read_bytes() for path in files if b"\0" not in path.read_bytes()}
    assert [path for path, text in texts.items() if b"\r\n" in text] == []
