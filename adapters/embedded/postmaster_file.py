"""postmaster.pid: PostgreSQL's own note, in its data folder, of who serves that folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from adapters.embedded.errors import EmbeddedPostgresError

_PID, _STATUS = 0, 7
_SHUTDOWN_SECONDS = 30


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server with this PID accepts connections; pg_ctl asks in the same way."""
    lines = _read(data)
    return len(lines) > _STATUS and lines[_PID] == str(pid) and lines[_STATUS].strip() == "ready"


def end_leftover(data: Path) -> None:
    """Clear the way for a new server after an owner who could not stop theirs.

    The caller holds the folder's lock: a server that still runs on `data` has lost its owner.
    Only such a server is ever signalled. After a crash, and in every new container, the noted
    PID may have gone to any other process.
    """
    lines = _read(data)
    if not lines or not lines[_PID].isdecimal():
        return
    pid = int(lines[_PID])
    if not _serves(pid, data):
        # PostgreSQL would refuse to start while any process has that PID. It skips the question
        # for its parent's, and still checks by the other lines that no backend is left.
        lines[_PID] = str(os.getpid())
        _path(data).write_text("\n".join(lines) + "\n")
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _SHUTDOWN_SECONDS
    while _serves(pid, data):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"The PostgreSQL that an earlier run left on {data} (PID {pid}) does not stop: "
                f"end it, then start again."
            )
        time.sleep(0.02)


def _serves(pid: int, data: Path) -> bool:
    program, found, _ = _command_line(pid).partition(f" -D {data} ")
    return bool(found) and program.endswith("/postgres")


def _command_line(pid: int) -> str:
    """Empty if there is no such process, or only its exit status is left."""
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
