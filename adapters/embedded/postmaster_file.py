"""postmaster.pid: the file in which PostgreSQL records the server of a data folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from adapters.embedded.errors import EmbeddedPostgresError
from adapters.embedded.replacing import replace_text

_PID, _STATUS = 0, 7
_SHUTDOWN_SECONDS = 30


def is_ready(data: Path, pid: int) -> bool:
    """Return whether the server with this PID accepts connections, as pg_ctl does."""
    lines = _read(data)
    return len(lines) > _STATUS and lines[_PID] == str(pid) and lines[_STATUS].strip() == "ready"


def end_leftover(data: Path) -> None:
    """Stop a server whose owner has ended, so that a new one can start.

    The caller must hold the folder's lock, which proves that a running server has no owner. The PID
    is only signalled if it serves `data`: after a crash, and in a new container, it may belong to
    another process.
    """
    lines = _read(data)
    if not lines or not lines[_PID].isdecimal():
        # A full disk leaves a file without a PID, with which PostgreSQL refuses to start.
        _path(data).unlink(missing_ok=True)
        return
    pid = int(lines[_PID])
    if not _serves(pid, data):
        # PostgreSQL refuses to start while a process has that PID, unless it is the parent's. It
        # still checks with the other lines that no backend is left.
        lines[_PID] = str(os.getpid())
        replace_text(_path(data), "\n".join(lines) + "\n")
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _SHUTDOWN_SECONDS
    while _serves(pid, data):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"The PostgreSQL of an earlier run on {data} (PID {pid}) does not stop: "
                f"end it, then start again."
            )
        time.sleep(0.02)


def _serves(pid: int, data: Path) -> bool:
    program, found, _ = _command_line(pid).partition(f" -D {data} ")
    return bool(found) and program.endswith("/postgres")


def _command_line(pid: int) -> str:
    """Return the command line, empty if the process does not exist or is a zombie."""
    if sys.platform == "linux":
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return os.fsdecode(arguments).replace("\0", " ")
    ps = ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 - the one argument is a number


def _read(data: Path) -> list[str]:
    try:
        return _path(data).read_text().splitlines()
    except FileNotFoundError:
        return []


def _path(data: Path) -> Path:
    return data / "postmaster.pid"
