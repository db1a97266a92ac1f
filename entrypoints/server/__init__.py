"""uvicorn, hardened. docs/server.md lists each difference. Independent of the API."""

from typing import Final

STOPPING: Final = "stopping"
"""Key in the lifespan state and in each request's ``state``: set when the server begins to stop."""
