"""The release of the service."""

import os
from importlib.metadata import version
from typing import Final

VERSION: Final = version("tasks-api")

REVISION: Final = os.environ.get("TASKS_API_REVISION") or None
"""The commit of the image; the Dockerfile sets the variable."""

NAME: Final = f"tasks-api {VERSION}" + (f" ({REVISION})" if REVISION else "")
"""Name of the release in the log."""
