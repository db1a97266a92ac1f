"""What the services need, installed into a folder of the benchmark's own; and what that is."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PEERS: Final = ROOT / "bench" / "peers"
WORKPLACE: Final = ROOT / ".bench"

_OLDEST_PYTHON: Final = [3, 11]
_ASK_PYTHON: Final = """
import json, sys, sysconfig
arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
# Debian's is made with its profile as well, by its own rules, and does not say so there.
debian = "deb_system" in sysconfig.get_scheme_names()
optimised = "--enable-optimizations" in arguments or debian
json.dump([list(sys.version_info[:3]), optimised], sys.stdout)
"""


@dataclass(frozen=True)
class Python:
    """An interpreter, and whether it was compiled with the help of a profile."""

    path: Path
    version: tuple[int, ...]
    optimised: bool

    def __str__(self) -> str:
        kind = "optimised" if self.optimised else "NOT optimised: a third slower"
        return f"CPython {'.'.join(map(str, self.version))} ({kind})"


@dataclass(frozen=True)
class Installed:
    """What the services run on."""

    python: Python
    scripts: Path
    """Where the programs of the virtual environment are, of this service and the Python peers."""


def install(python: Path | None) -> Installed:
    """Install what is missing, on the given interpreter or on the best that is here."""
    if shutil.which("npm") is None:
        raise SystemExit("The peers need Node.js 20 or newer, with npm.")
    chosen = _inspect(python) if python else _best_python()
    if chosen is None:
        raise SystemExit(f"{python} is no Python 3.11 or newer.")
    environment = WORKPLACE / f"python{'.'.join(map(str, chosen.version[:2]))}"
    subprocess.run(
        [_uv(), "sync", "--quiet", "--frozen", "--no-dev", "--python", str(chosen.path)],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        check=True,
    )
    _install_node_peers()
    return Installed(chosen, environment / "bin")


def _uv() -> str:
    return shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")


def _best_python() -> Python | None:
    own = Path(sys.base_prefix) / "bin" / "python3"
    candidates = [own, Path("/usr/bin/python3"), Path("/usr/local/bin/python3")]
    found = [python for path in candidates if (python := _inspect(path))]
    return next((python for python in found if python.optimised), found[0] if found else None)


def _inspect(path: Path) -> Python | None:
    try:
        said = subprocess.run(
            [path, "-c", _ASK_PYTHON], capture_output=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version_info, optimised = json.loads(said)
    if version_info < _OLDEST_PYTHON:
        return None
    return Python(path, tuple(version_info), optimised)


def _install_node_peers() -> None:
    lock = PEERS / "package-lock.json"
    installed = PEERS / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    subprocess.run(["npm", "ci", "--loglevel=error"], cwd=PEERS, check=True)
    installed.write_bytes(lock.read_bytes())


def described(installed: Installed) -> dict[str, str]:
    """The machine and the versions of what was measured."""
    peers = json.loads((PEERS / "package.json").read_text())["dependencies"]
    libraries = ("fastapi", "sqlmodel", "sqlalchemy", "psycopg", "uvicorn", "pyjwt")
    return {
        "machine": f"{_cpu_model()}, {os.cpu_count()} cores, {platform.system()}",
        "Python": str(installed.python),
        "Python packages": ", ".join(f"{name} {version(name)}" for name in libraries),
        "Node.js": subprocess.run(
            ["node", "--version"], capture_output=True, check=True, text=True
        ).stdout.strip(),
        "Node.js packages": ", ".join(f"{name} {number}" for name, number in peers.items()),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
