"""The secret with which ``tasks-api dev`` signs tokens."""

import logging
import secrets
from pathlib import Path
from typing import Final

from adapters.embedded.errors import UnusableDataFolder
from adapters.embedded.replacing import replace_text

_BYTES: Final = 32
"""Also the minimum length of a complete secret: the generated text is longer."""

logger = logging.getLogger(__name__)


def kept_secret(folder: Path) -> str:
    """Return the secret in ``folder``; generate it if it does not exist.

    A secret that was cut off by a full disk or a crash is replaced. Raises UnusableDataFolder.
    """
    path = folder / "better-auth-secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists():
            kept = path.read_bytes().decode("ascii", "replace").strip()
            if len(kept) >= _BYTES and kept.isascii() and kept.isprintable():
                return kept
            logger.warning("%s holds no whole secret: a new one takes its place", path)
        new = secrets.token_urlsafe(_BYTES)
        replace_text(path, new)
    except OSError as error:
        raise UnusableDataFolder.because(folder, error) from error
    return new
