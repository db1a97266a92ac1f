"""``tasks-api dev``: serve with an embedded PostgreSQL, a kept secret and demo users."""

import asyncio
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from entrypoints import logs
from entrypoints.container import Container, embedded_postgres
from entrypoints.serve import serve
from entrypoints.settings import LogFormat, Settings, StorageKind, TokenKeys

DATA_FOLDER: Final = Path(".data")
DEMO_USER: Final = "demo-user"
OTHER_USER: Final = "other-user"
_ADDRESS_TAKEN: Final = 3
"""The exit code that uvicorn has for it."""

_TOKEN_LIFETIME: Final = timedelta(days=1)


def run(*, host: str, port: int) -> None:
    """Serve with the settings that are given, and with defaults for a database and a secret."""
    given = Settings()
    # In the environment, so that the server's processes read it, too.
    if given.log_format is None:
        os.environ["LOG_FORMAT"] = LogFormat.CONSOLE
    logs.configure(given.log_format or LogFormat.CONSOLE, given.log_level)
    if given.better_auth_secret is None and given.token_keys is TokenKeys.SECRET:
        os.environ["BETTER_AUTH_SECRET"] = kept_secret(DATA_FOLDER)
    _require_free(host, port)
    with _database(given):
        container = Container(settings=Settings())
        print(f"\nDocs       http://{host}:{port}/docs", flush=True)
        if _owns_users_and_tokens(given):
            _introduce(container, host=host, port=port)
        serve(container, host=host, port=port, workers=1, reload=True)


def _require_free(host: str, port: int) -> None:
    # Otherwise another program would receive the requests shown below, with their tokens.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        print(
            f"tasks-api: nothing can listen on {host}:{port} ({os.strerror(error.errno or 0)}): "
            "choose another port (--port, or make run PORT=8001)",
            file=sys.stderr,
        )
        sys.exit(_ADDRESS_TAKEN)


def _owns_users_and_tokens(given: Settings) -> bool:
    """Whether this command, and not a frontend, creates the users and signs the tokens."""
    own_storage = given.storage is not StorageKind.POSTGRES or given.neon_db_url is None
    return own_storage and given.token_keys is TokenKeys.SECRET


@contextmanager
def _database(given: Settings) -> Iterator[None]:
    if given.storage is not StorageKind.POSTGRES or given.neon_db_url is not None:
        yield
        return
    with embedded_postgres(DATA_FOLDER / "postgres") as postgres:
        os.environ["NEON_DB_URL"] = postgres.url
        yield


def kept_secret(folder: Path) -> str:
    """Return the secret in ``folder``, generating it if there is none; for development only."""
    path = folder / "better-auth-secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def _introduce(container: Container, *, host: str, port: int) -> None:
    if container.settings().storage is StorageKind.POSTGRES:
        asyncio.run(container.storage().prepare())
        for user in (DEMO_USER, OTHER_USER):
            asyncio.run(container.create_user(user_id=user))

    def mint(user: str) -> str:
        return container.mint_token(subject=user, lifetime=_TOKEN_LIFETIME)

    token = mint(DEMO_USER)
    base = f"http://{host}:{port}"
    curl = [
        "curl",
        "-i",
        f"{base}/api/{DEMO_USER}/tasks",
        "-H",
        f"Authorization: Bearer {token}",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"title": "Buy milk"}',
    ]
    print(
        f"User       {DEMO_USER}\n"
        f"Token      {token}\n"
        f"Another    {OTHER_USER}\n"
        f"Token      {mint(OTHER_USER)}\n"
        "           (valid for a day; for development only)\n\n"
        f"Create a task:\n\n{shlex.join(curl)}\n",
        flush=True,
    )
