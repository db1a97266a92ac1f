"""Start processes, and read from /proc the resources that they and their children use (Linux)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_START_SECONDS: Final = 15
_STOP_SECONDS: Final = 15

# Positions after the name, which is the second field and may contain spaces: see proc(5).
_PARENT, _UTIME, _CUTIME, _CSTIME = 1, 11, 13, 14


def cpu_seconds(root: int) -> float:
    """Return user and system time of the process ``root`` and its descendants so far."""
    while True:
        # The times of a child that has ended are added to those of its parent.
        ended = _stat(root)[_CUTIME : _CSTIME + 1]
        ticks = 0
        for process in _tree(root):
            ticks += sum(map(int, _stat(process)[_UTIME : _CSTIME + 1]))
        if _stat(root)[_CUTIME : _CSTIME + 1] == ended:
            return ticks / _TICKS_PER_SECOND


def resident_bytes(root: int, *, peak: bool = False) -> int:
    """Return the memory of the process ``root`` and its descendants: now, or the sum of peaks."""
    name = "VmHWM:" if peak else "VmRSS:"
    return sum(_kibibytes(process, name) for process in _tree(root)) * 1024


def _tree(root: int) -> set[int]:
    # Not from /proc/PID/task/TID/children, which omits children while others are ending.
    parents = {}
    for folder in _PROC.glob("[0-9]*"):
        process = int(folder.name)
        if fields := _stat(process):
            parents[process] = int(fields[_PARENT])
    tree = {root}
    while True:
        grown = tree | {process for process, parent in parents.items() if parent in tree}
        if grown == tree:
            return tree
        tree = grown


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


def wait_until_listening(port: int) -> None:
    """Wait until a loopback port accepts connections. Raises TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on {port}")


@contextmanager
def running(
    command: Sequence[str | Path], environment: Mapping[str, str], *, cwd: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` with its output in ``log``; it ends with the block."""
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
