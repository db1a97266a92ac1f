"""The errors of the embedded PostgreSQL and of its data folder."""

import errno
import os
from pathlib import Path
from typing import Final, Self

from application.errors import ApplicationError, InvalidConfiguration

_REMEDIES: Final = {
    errno.EACCES: "start as the user who created it, or remove it with `make clean-data`",
    errno.EPERM: "start as the user who created it, or remove it with `make clean-data`",
    errno.EROFS: "start in a folder that can be written, or set NEON_DB_URL and BETTER_AUTH_SECRET",
    errno.ENOSPC: "free some space on this disk",
    errno.EDQUOT: "free some space on this disk",
}
_IN_THE_WAY: Final = "move away what is in its place"


class EmbeddedPostgresError(ApplicationError):
    """The embedded PostgreSQL cannot run. The message says why, and what to do."""


class UnusableDataFolder(EmbeddedPostgresError, InvalidConfiguration):
    """The folder for the data of ``tasks-api dev`` cannot be used. The message is one line."""

    @classmethod
    def because(cls, folder: Path, error: OSError) -> Self:
        """Return the error with its reason and the remedy."""
        number = error.errno or 0
        reason, place = os.strerror(number), error.filename or folder
        if Path(place) != folder:
            reason = f"{place}: {reason}"
        return cls(
            f"{folder} cannot hold the data of `tasks-api dev` ({reason}): "
            f"{_REMEDIES.get(number, _IN_THE_WAY)}"
        )
