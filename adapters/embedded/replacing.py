"""Write a file atomically: after a crash or on a full disk it has its old or its new text."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path``. It keeps its owner; a new file can be read by its owner only."""
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as new:
            with suppress(FileNotFoundError):
                old = path.stat()
                os.fchown(new.fileno(), old.st_uid, old.st_gid)
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
