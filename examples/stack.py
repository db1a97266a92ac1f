"""Run the whole example: an embedded PostgreSQL, the API, and the Next.js frontend.

``make example`` runs this file; the end-to-end tests use its parts.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from adapters.embedded.kept_secret import kept_secret
from adapters.embedded.server import EmbeddedPostgres

ROOT: Final = Path(__file__).parents[1]
FRONTEND: Final = ROOT / "examples" / "nextjs"
DATA: Final = ROOT / ".data" / "example"
_PATIENCE_SECONDS: Final = 120

Environment = dict[str, str]


def api_environment(*, database_url: str, web_url: str, secret: str, mode: str) -> Environment:
    """Return the API's settings; ``mode`` is the frontend's JWT_MODE: keys or secret."""
    tokens = (
        {"BETTER_AUTH_JWKS_URL": f"{web_url}/api/auth/jwks"}
        if mode == "keys"
        else {"BETTER_AUTH_SECRET": secret, "BETTER_AUTH_ISSUER": web_url}
    )
    return {"NEON_DB_URL": database_url, "CORS_ORIGINS": web_url, **tokens}


def frontend_environment(
    *, database_url: str, web_url: str, api_url: str, secret: str, mode: str
) -> Environment:
    """Return the frontend's settings."""
    return {
        "DATABASE_URL": database_url,
        "BETTER_AUTH_URL": web_url,
        "BETTER_AUTH_SECRET": secret,
        "NEXT_PUBLIC_API_URL": api_url,
        "JWT_MODE": mode,
        "NEXT_TELEMETRY_DISABLED": "1",
    }


def install_frontend() -> None:
    """Install the frontend's packages, unless those of the lock file are installed."""
    installed, lock = FRONTEND / "node_modules" / ".installed", FRONTEND / "package-lock.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return
    subprocess.run(["npm", "ci"], cwd=FRONTEND, check=True)  # noqa: S607 - wherever npm is
    installed.write_bytes(lock.read_bytes())


def build_frontend(environment: Mapping[str, str]) -> None:
    """Build the frontend for production; the build contains the API's URL."""
    subprocess.run(
        ["npm", "run", "build"],  # noqa: S607 - wherever npm is
        cwd=FRONTEND,
        env={**os.environ, **environment},
        check=True,
    )


def serve_api(port: int) -> list[str]:
    """Return the command that serves the API."""
    command = [sys.executable, "-m", "entrypoints.cli", "serve"]
    return [*command, "--host", "127.0.0.1", "--port", str(port)]


def serve_frontend(port: int, *, production: bool) -> list[str]:
    """Return the command that serves the frontend. npm would not forward signals to it."""
    next_js = str(FRONTEND / "node_modules" / "next" / "dist" / "bin" / "next")
    # On this machine only, because signing up is open.
    where = ["--hostname", "localhost", "--port", str(port)]
    return ["node", next_js, "start" if production else "dev", *where]


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], *, cwd: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command`` as a process that ends with the block."""
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **environment})  # noqa: S603 - ours, and no shell
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str) -> None:
    """Return once ``url`` responds with a success; raise TimeoutError if it does not."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always http
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(f"{url} does not respond")


def main() -> None:
    """Start everything and keep it running until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(description="Run the API and its example frontend.")
    parser.add_argument("--mode", choices=["keys", "secret"], default="keys", help="JWT_MODE")
    options = parser.parse_args()
    if shutil.which("npm") is None:
        parser.exit(1, "The example needs Node.js 20.9 or newer, with npm.\n")
    web_url, api_url = "http://localhost:3000", "http://localhost:8000"
    secret = kept_secret(DATA)
    install_frontend()
    with suppress(KeyboardInterrupt), EmbeddedPostgres(DATA / "postgres") as postgres:
        common = {"web_url": web_url, "secret": secret, "mode": options.mode}
        api = api_environment(database_url=postgres.url, **common)
        web = frontend_environment(database_url=postgres.url, api_url=api_url, **common)
        with running(serve_api(8000), api | {"LOG_FORMAT": "console"}):
            wait_for(f"{api_url}/health/ready")
            with running(serve_frontend(3000, production=False), web, cwd=FRONTEND) as frontend:
                wait_for(f"{web_url}/sign-in")
                print(f"\nThe example is at {web_url}; Ctrl-C ends it.\n", flush=True)
                frontend.wait()


if __name__ == "__main__":
    main()
