"""Install the interpreters and packages of the services into the benchmark's folder."""

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

ROOT: Final = Path(__file__).parents[2]
PEERS: Final = ROOT / "bench" / "peers"
WORKPLACE: Final = ROOT / ".bench"

_OLDEST_PYTHON: Final = [3, 11]
_ASK_PYTHON: Final = """
import json, sys, sysconfig
arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
# Debian's build uses a profile, too, but does not record it there.
debian = "deb_system" in sysconfig.get_scheme_names()
optimised = "--enable-optimizations" in arguments or debian
json.dump([list(sys.version_info[:3]), optimised], sys.stdout)
"""


@dataclass(frozen=True)
class Python:
    """An interpreter. ``optimised`` says whether it was compiled with a profile."""

    path: Path
    version: tuple[int, ...]
    optimised: bool

    def __str__(self) -> str:
        kind = "optimised" if self.optimised else "NOT optimised: a third slower"
        return f"CPython {'.'.join(map(str, self.version))} ({kind})"


@dataclass(frozen=True)
class Installed:
    """The interpreter of all services in Python, and the folders of their programs."""

    python: Python
    scripts: Path
    """Programs of this service and of the peers in Python."""
    baseline_scripts: Path | None
    """Programs of the other checkout of this service, if one is measured."""
    node: bool
    """Whether the peers on Node.js are installed."""


def install(python: Path | None, *, node: bool, baseline: Path | None = None) -> Installed:
    """Install missing packages, for ``python`` or the best interpreter of this machine.

    ``baseline`` is the folder of another checkout of this service. It gets its own environment,
    with the same interpreter and the packages of its lock file. Nothing is written into the folder.
    """
    chosen = _inspect(python) if python else _best_python()
    if chosen is None:
        raise SystemExit(f"{python} is no Python 3.11 or newer.")
    if node:
        _install_node_peers()
    return Installed(
        chosen,
        _install_checkout(ROOT, chosen, "ours"),
        None if baseline is None else _install_checkout(baseline, chosen, "baseline"),
        node,
    )


def _install_checkout(folder: Path, python: Python, name: str) -> Path:
    number = ".".join(map(str, python.version[:2]))
    environment = WORKPLACE / f"{name}-python{number}"
    subprocess.run(
        [
            *(_uv(), "sync", "--quiet", "--frozen", "--no-dev", "--extra", "telemetry"),
            *("--python", str(python.path)),
        ],
        cwd=folder,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        check=True,
    )
    return environment / "bin"


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
    if shutil.which("npm") is None:
        raise SystemExit("The peers need Node.js 20 or newer, with npm.")
    lock = PEERS / "package-lock.json"
    installed = PEERS / "node_modules" / ".installed-lock.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    subprocess.run(["npm", "ci", "--loglevel=error"], cwd=PEERS, check=True)
    installed.write_bytes(lock.read_bytes())


def described(installed: Installed) -> dict[str, str]:
    """Return the machine and the versions of interpreters and packages, by their names."""
    libraries = ("fastapi", "sqlmodel", "sqlalchemy", "psycopg", "uvicorn", "pyjwt")
    facts = {
        "machine": f"{_cpu_model()}, {os.cpu_count()} cores, {platform.system()}",
        "Python": str(installed.python),
        "Python packages": ", ".join(f"{name} {version(name)}" for name in libraries),
    }
    if installed.node:
        said = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True)
        peers = json.loads((PEERS / "package.json").read_text())["dependencies"]
        facts["Node.js"] = said.stdout.strip()
        facts["Node.js packages"] = ", ".join(f"{name} {number}" for name, number in peers.items())
    return facts


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
