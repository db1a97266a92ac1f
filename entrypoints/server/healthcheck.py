"""A container's health check: ``python -m entrypoints.server.healthcheck``.

Exits with 0 when the server in the same container answers, else with 1. It runs every few seconds,
so it imports next to nothing; and not urllib, which would ask the proxy that HTTP_PROXY names.
"""

import http.client
import sys
from typing import Final

PORT: Final = 8000
_PATIENCE_SECONDS: Final = 2


def main() -> int:
    """The exit code."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health/live")
        return int(connection.getresponse().status != http.HTTPStatus.OK)
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
