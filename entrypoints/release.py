"""Which release of the service this is."""

import os
from importlib.metadata import version
from typing import Final

VERSION: Final = version("tasks-api")

REVISION: Final = os.environ.get("TASKS_API_REVISION") or None
"""The commit from which an image was built. The Dockerfile sets the variable."""

NAME: Final = f"tasks-api {VERSION}" + (f" ({REVISION})" if REVISION else "")
"""What the log calls this release."""
