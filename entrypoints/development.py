"""``tasks-api dev``: serve with an embedded PostgreSQL, a stored secret and demo users."""

import asyncio
import http.client
import os
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from entrypoints import logs
from entrypoints.configured import configured, database, users_table
from entrypoints.container import Container, development_secret, embedded_postgres
from entrypoints.serve import serve
from entrypoints.server.listening import require_available, url_of
from entrypoints.settings import LogFormat, Settings, StorageKind, TokenKeys

DATA_FOLDER: Final = Path(".data")
_DATABASE_FOLDER: Final = DATA_FOLDER / "postgres"
DEMO_USER: Final = "demo-user"
OTHER_USER: Final = "other-user"
_TOKEN_LIFETIME: Final = timedelta(days=1)
_RETRY_SECONDS: Final = 0.1


def run(*, host: str, port: int | None) -> None:
    """Serve with the given settings, and defaults for the database and the secret."""
    given = configured(_given_database).settings()
    port = port or given.port
    # Set in the environment, which the server's processes inherit.
    if given.log_format is None:
        os.environ["LOG_FORMAT"] = LogFormat.CONSOLE
    logs.configure(given.log_format or LogFormat.CONSOLE, given.log_level)
    if given.better_auth_secret is None and given.token_keys is TokenKeys.SECRET:
        os.environ["BETTER_AUTH_SECRET"] = development_secret(folder=DATA_FOLDER)
    require_available(host, port)
    with _database(given):
        container = Container(settings=Settings())
        url = url_of(host, port)
        introduction = f"\nDocs       {url}/docs\n"
        if _starts_postgres(given):
            ignored = "; DATABASE_URL is not for dev" if given.database_url else ""
            introduction += f"Database   PostgreSQL of its own in {_DATABASE_FOLDER}{ignored}\n"
        if _owns_users_and_tokens(given):
            introduction += _users_and_a_request(container, url)
        threading.Thread(target=_print_once_served, args=(url, introduction), daemon=True).start()
        serve(container, host=host, port=port, workers=1, reload=True)


def _given_database(container: Container) -> None:
    if container.settings().names_neon:
        database(container)
    users_table(container)


def _owns_users_and_tokens(given: Settings) -> bool:
    """Return whether this command, not a frontend, creates the users and signs the tokens."""
    own_storage = given.storage is not StorageKind.POSTGRES or _starts_postgres(given)
    return own_storage and given.token_keys is TokenKeys.SECRET


def _starts_postgres(given: Settings) -> bool:
    return given.storage is StorageKind.POSTGRES and not given.names_neon


@contextmanager
def _database(given: Settings) -> Iterator[None]:
    if not _starts_postgres(given):
        yield
        return
    with embedded_postgres(_DATABASE_FOLDER) as postgres:
        os.environ["NEON_DB_URL"] = postgres.url
        yield


def _users_and_a_request(container: Container, url: str) -> str:
    """Create the demo users; return a text with them, their tokens and a request."""
    if container.settings().storage is StorageKind.POSTGRES:
        asyncio.run(container.storage().prepare())
        for user in (DEMO_USER, OTHER_USER):
            asyncio.run(container.create_user(user_id=user))

    def mint(user: str) -> str:
        return container.mint_token(subject=user, lifetime=_TOKEN_LIFETIME)

    token = mint(DEMO_USER)
    curl = [
        "curl",
        "-i",
        f"{url}/api/{DEMO_USER}/tasks",
        "-H",
        f"Authorization: Bearer {token}",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"title": "Buy milk"}',
    ]
    return (
        f"User       {DEMO_USER}\n"
        f"Token      {token}\n"
        f"Another    {OTHER_USER}\n"
        f"Token      {mint(OTHER_USER)}\n"
        "           (valid for a day; for development only)\n\n"
        f"Create a task:\n\n{shlex.join(curl)}\n"
    )


def _print_once_served(url: str, text: str) -> None:
    # The server runs in another process, which restarts when the code changes.
    while True:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        try:
            connection.request("GET", "/health/live")
            connection.getresponse()
            break
        except (OSError, http.client.HTTPException):
            time.sleep(_RETRY_SECONDS)
        finally:
            connection.close()
    print(text, flush=True)
