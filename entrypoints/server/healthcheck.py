"""A container's health check: ``python -m entrypoints.server.healthcheck``.

Exits with 0 if the server in the same container answers, else with 1. It runs every few seconds, so
it imports little. It does not use urllib, which would connect to the proxy of HTTP_PROXY.
"""

import http.client
import os
import sys
from pathlib import Path
from typing import Final

_DEFAULT_PORT: Final = 8000
"""Default of the setting PORT."""

_PATIENCE_SECONDS: Final = 2


def main() -> int:
    """Return the exit code."""
    port = _port()
    for host in ("127.0.0.1", "::1"):
        try:
            return int(not _answers(host, port))
        except ConnectionRefusedError:
            # The server may listen on IPv6 only.
            continue
        except (OSError, http.client.HTTPException):
            break
    return 1


def _port() -> int:
    value = os.environ.get("PORT") or _from_file(Path(".env"))
    digits = value.strip().strip("'\"").strip()
    return int(digits) if digits.isdecimal() else _DEFAULT_PORT


def _from_file(path: Path) -> str:
    if not path.is_file():
        return ""
    from dotenv import dotenv_values  # noqa: PLC0415 - seldom needed

    return dotenv_values(path, encoding="utf-8", interpolate=False).get("PORT") or ""


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == http.HTTPStatus.OK
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
