"""The secret that ``tasks-api dev`` signs its tokens with."""

import logging
import secrets
from pathlib import Path
from typing import Final

from adapters.embedded.errors import UnusableDataFolder
from adapters.embedded.replacing import replace_text

_BYTES: Final = 32
"""Also the least length that counts as whole: generated text is longer."""

logger = logging.getLogger(__name__)


def kept_secret(folder: Path) -> str:
    """Return the secret that ``folder`` holds, generating it if there is none.

    A secret that a full disk or a crash has cut off is replaced. Raises UnusableDataFolder.
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
