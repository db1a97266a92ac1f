"""uvicorn, hardened: docs/server.md says how it differs, and why. Knows nothing of the API."""

from typing import Final

STOPPING: Final = "stopping"
"""Key of the lifespan state, with which each request's state begins: set once the server stops."""
