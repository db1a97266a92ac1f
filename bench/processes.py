"""Processes that are measured: what they and their children have used, as /proc tells (Linux)."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS: Final = 15

# Positions after the name, which is the second field and may hold spaces: see proc(5).
_UTIME, _CSTIME = 11, 14


def cpu_seconds(root: int) -> float:
    """User and system time that the process ``root`` and its descendants have used so far."""
    ticks = 0
    for process in _tree(root):
        fields = _stat(process)
        # The times of children that have ended are in those of the parent that waited for them.
        ticks += sum(int(field) for field in fields[_UTIME : _CSTIME + 1])
    return ticks / _TICKS_PER_SECOND


def resident_bytes(root: int, *, peak: bool = False) -> int:
    """Memory of the process ``root`` and its descendants: now, or the most that each ever had."""
    name = "VmHWM:" if peak else "VmRSS:"
    return sum(_kibibytes(process, name) for process in _tree(root)) * 1024


def _tree(root: int) -> Iterator[int]:
    yield root
    try:
        tasks = [*(_PROC / str(root) / "task").iterdir()]
        children = " ".join((task / "children").read_text() for task in tasks)
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children.split():
        yield from _tree(int(child))


def _stat(process: int) -> list[str]:
    try:
        text = (_PROC / str(process) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _kibibytes(process: int, name: str) -> int:
    try:
        lines = (_PROC / str(process) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name))


@contextmanager
def running(
    command: Sequence[str | Path], environment: Mapping[str, str], *, cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The process of ``command``, with what it says in ``log``; it ends with the block."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
