"""Exclusive lock of a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.embedded.errors import EmbeddedPostgresError


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lock `folder` against other processes and instances.

    The kernel releases the lock when its owner ends; the server does not inherit it.
    """
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise EmbeddedPostgresError(
                f"{folder} is in use by another process (PID {owner}): stop that one first."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
