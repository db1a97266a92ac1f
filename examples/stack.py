"""Run the whole example: an embedded PostgreSQL, the API, and the Next.js frontend.

``make example`` runs this file; the end-to-end tests use its parts.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import socket
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
from application.errors import ApplicationError

ROOT: Final = Path(__file__).parents[1]
FRONTEND: Final = ROOT / "examples" / "nextjs"
DATA: Final = ROOT / ".data" / "example"
_PATIENCE_SECONDS: Final = 120
_NODE: Final = (20, 9)

Environment = dict[str, str]


class CannotRun(Exception):
    """The example cannot run on this machine at this moment. The message says why."""


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
    # Node.js has its own name for the authorities of a proxy that inspects TLS.
    authorities = os.environ.get("SSL_CERT_FILE", "")
    environment = {"NODE_EXTRA_CA_CERTS": authorities, **os.environ}
    subprocess.run(["npm", "ci"], cwd=FRONTEND, env=environment, check=True)  # noqa: S607 - wherever npm is
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
    # In each family, so that nothing else can answer at localhost.
    return [*command, "--host", "localhost", "--port", str(port)]


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


def wait_for(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return once ``url`` responds with a success. Raise CannotRun if it does not.

    ``process`` is the server; if it ends, there is nothing to wait for.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise CannotRun(f"the server of {url} has ended: its lines above say why")
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always http
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise CannotRun(f"{url} does not respond")


def require_node() -> None:
    """Raise CannotRun if Node.js is missing or too old for the frontend."""
    needed = "The example needs Node.js 20.9 or newer, with npm"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise CannotRun(needed)
    found = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 - wherever Node.js is
    numbers = re.match(r"v(\d+)\.(\d+)", found.stdout)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < _NODE:
        raise CannotRun(f"{needed}, and found {found.stdout.strip() or 'one that does not start'}")


def require_free(port: int, variable: str) -> None:
    """Raise CannotRun if anything listens on the port, at any address that browsers try."""
    if _answers("127.0.0.1", port) or _answers("::1", port):
        raise CannotRun(
            f"port {port} of this machine is taken, perhaps by `make run` or another example: "
            f"choose another one, as in `make example {variable}={port + 1}`"
        )


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> None:
    """Start everything and keep it running until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(description="Run the API and its example frontend.")
    parser.add_argument("--mode", choices=["keys", "secret"], default="keys", help="JWT_MODE")
    parser.add_argument("--port", type=int, default=8000, help="port of the API (8000)")
    parser.add_argument("--web-port", type=int, default=3000, help="port of the frontend (3000)")
    options = parser.parse_args(arguments)
    try:
        require_node()
        require_free(options.port, "PORT")
        require_free(options.web_port, "WEB_PORT")
        run(options.mode, port=options.port, web_port=options.web_port)
    except (CannotRun, ApplicationError) as error:
        parser.exit(1, f"make example: {error}\n")
    except subprocess.CalledProcessError as error:
        parser.exit(1, f"make example: `{shlex.join(error.cmd)}` has failed, as it says above\n")


def run(mode: str, *, port: int, web_port: int) -> None:
    """Run the database, the API and the frontend until Ctrl-C. Raises CannotRun."""
    web_url, api_url = f"http://localhost:{web_port}", f"http://localhost:{port}"
    secret = kept_secret(DATA)
    with suppress(KeyboardInterrupt), EmbeddedPostgres(DATA / "postgres") as postgres:
        install_frontend()
        common = {"web_url": web_url, "secret": secret, "mode": mode}
        settings = api_environment(database_url=postgres.url, **common)
        web = frontend_environment(database_url=postgres.url, api_url=api_url, **common)
        with running(serve_api(port), settings | {"LOG_FORMAT": "console"}) as api:
            wait_for(f"{api_url}/health/ready", api)
            command = serve_frontend(web_port, production=False)
            with running(command, web, cwd=FRONTEND) as frontend:
                wait_for(f"{web_url}/sign-in", frontend)
                print(f"\nThe example is at {web_url}; Ctrl-C ends it.\n", flush=True)
                frontend.wait()


if __name__ == "__main__":
    main()
