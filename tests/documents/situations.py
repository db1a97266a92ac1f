"""The situations of docs/troubleshooting.md, and the service's output in each."""

import asyncio
import io
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import httpx
import psycopg
from dependency_injector.providers import Object
from psycopg.conninfo import make_conninfo

from adapters.embedded.server import EmbeddedPostgres
from adapters.jwt.shared_secret import mint
from adapters.memory.task_repository import MemoryTaskRepository
from entrypoints import cli
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.logs import JsonFormatter
from entrypoints.settings import Settings
from tests.conftest import new_database
from tests.key_set.issuer import FakeIssuer, key_set, response
from tests.key_set.signing_keys import ISSUER, signing_key
from tests.ports import free_port
from tests.process.service import SECRET, environment
from tests.restored_logging import restored_logging

ORIGIN: Final = "https://app.example.com"
_OWNER: Final = """
    DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landlord') THEN
    CREATE ROLE landlord LOGIN; END IF; END $$; GRANT ALL ON SCHEMA public TO landlord
"""
MEMORY: Final = {"STORAGE": "memory", "BETTER_AUTH_SECRET": SECRET, "CORS_ORIGINS": ORIGIN}


class Place:
    """The environment of a situation: a PostgreSQL, a folder, and no settings."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path, ends: ExitStack) -> None:
        self._postgres = postgres
        self._folder = folder
        self._ends = ends

    def database(self, *statements: str) -> str:
        """Return the URL of a new database in which ``statements`` have run."""
        url = self._ends.enter_context(new_database(self._postgres.url, template="template0"))
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return url

    def migrated(self, *statements: str) -> str:
        """Return the URL of a servable database, for an owner without superuser rights."""
        admin = self.database(_OWNER)
        url = make_conninfo(admin, user="landlord")
        assert "exit code 0" in self.start("migrate", NEON_DB_URL=url)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
        return url

    def start(self, command: str = "serve", *arguments: str, **settings: str) -> str:
        """Return the command's output with these settings; it ends before it would serve."""
        printed = io.StringIO()
        # The default port may be in use.
        variables = environment(LOG_FORMAT="console", PORT=str(free_port()), **settings)
        with (
            restored_logging(),
            patch.dict(os.environ, variables, clear=True),
            patch("entrypoints.serve.serve_asgi"),
            chdir(self._folder),
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            code = cli.main([command, *arguments])
        return f"{printed.getvalue()}\nexit code {code}"

    def ask(self, method: str = "GET", path: str = "/api/ada/tasks", **given: Any) -> str:
        """Return the response to one request and the log of the service, from its start on.

        ``settings`` are the settings, ``token`` a bearer token, ``headers`` and ``json`` belong to
        the request. ``key_set`` is the response of a server to which BETTER_AUTH_JWKS_URL is set.
        """
        return asyncio.run(self._ask(method, path, **given))

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        settings: Mapping[str, str] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        key_set: bytes | None = None,
    ) -> str:
        variables = {**MEMORY, **(settings or {})}
        issuer = FakeIssuer()
        if key_set is not None:
            issuer.send(key_set)
            await issuer.up()
            variables["BETTER_AUTH_JWKS_URL"] = issuer.url
        with patch.dict(os.environ, environment(**variables), clear=True), chdir(self._folder):
            container = Container(settings=Settings())
        if variables["STORAGE"] == "memory":
            container.tasks.override(Object(MemoryTaskRepository(users=["ada"])))
        app = create_app(container)
        sent = {"Origin": ORIGIN, **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        # A storage that is not ready is awaited below, until the log has the reason.
        with printed_log() as log, patch("entrypoints.http.app._PREPARE_FIRST_SECONDS", 0.01):
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                    base_url="http://api",
                ) as client,
            ):
                async with asyncio.timeout(10):
                    await log.prepared.wait()
                response = await client.request(method, path, headers=sent, json=json)
        await issuer.down()
        return "\n".join([f"{response.status_code} {response.text}", *log.lines])


class Log(logging.Handler):
    """Collects the log's messages, and the errors in the lines of requests."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []
        self.prepared = asyncio.Event()
        """Set once the storage is ready or the log says why not."""

    def emit(self, record: logging.LogRecord) -> None:
        facts = json.loads(JsonFormatter().format(record))
        self.lines.extend(str(facts[name]) for name in ("message", "error") if name in facts)
        if "ready" in record.getMessage():
            self.prepared.set()


@contextmanager
def printed_log() -> Iterator[Log]:
    """Collect the log."""
    log = Log()
    root = logging.getLogger()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(log)


@contextmanager
def refusing_postgres(message: str) -> Iterator[str]:
    """Yield the URL of a server that refuses every connection with ``message``."""
    fields = f"SFATAL\0VFATAL\0C28P01\0M{message}\0\0".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(1024)
                    client.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)

        threading.Thread(target=refuse, daemon=True).start()
        port = server.getsockname()[1]
        yield f"postgresql://tasks:s3cr3t@127.0.0.1:{port}/tasks?sslmode=disable&gssencmode=disable"
        server.shutdown(socket.SHUT_RDWR)


def signed(**claims: Any) -> str:
    """Return a token of the key ``signing_key()``, with these claims instead of the usual ones."""
    return signing_key().token(**claims)


def minted(secret: str = SECRET, *, subject: str = "ada") -> str:
    """Return a token that is signed with a shared secret."""
    return mint(secret=secret, subject=subject, lifetime=timedelta(minutes=15))


_PUBLISHED: Final = response(key_set(signing_key()))
_STRICT: Final = {"BETTER_AUTH_ISSUER": ISSUER, "BETTER_AUTH_AUDIENCE": ISSUER}
_KEYS: Final = {"BETTER_AUTH_SECRET": SECRET}
_USERS: Final = """CREATE TABLE "user" (id text PRIMARY KEY, email text, "emailVerified" boolean)"""
_STAND_IN: Final = "CREATE TABLE users (id text PRIMARY KEY)"
_HIDDEN: Final = "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"

Situation = Callable[[Place], str]


def _preflight(place: Place, **wanted: str) -> str:
    headers = {"Access-Control-Request-Method": "GET"} | {
        name.replace("_", "-"): value for name, value in wanted.items()
    }
    return place.ask("OPTIONS", headers=headers)


# Requests to the service on its storage in memory.
REQUESTS: Final[dict[str, Situation]] = {
    "another origin": lambda place: _preflight(place, Origin="https://preview.example.com"),
    "another header": lambda place: _preflight(
        place, Access_Control_Request_Headers="authorization,x-tenant"
    ),
    "another method": lambda place: _preflight(place, Access_Control_Request_Method="TRACE"),
    "no token": lambda place: place.ask(),
    "no bearer token": lambda place: place.ask(headers={"Authorization": "Basic YTpi"}),
    "an undefined token": lambda place: place.ask(token="undefined"),
    "a session token": lambda place: place.ask(token="n0J5sC8kzWqT.aGVsbG8"),
    "Better Auth's default, and a secret": lambda place: place.ask(token=signed()),
    "another secret": lambda place: place.ask(token=minted("another secret of thirty-two bytes")),
    "a shared secret, and a key set": lambda place: place.ask(token=minted(), key_set=_PUBLISHED),
    "an unknown key": lambda place: place.ask(
        token=signing_key(kid="other").token(), key_set=_PUBLISHED
    ),
    "another issuer": lambda place: place.ask(
        token=signed(iss="http://localhost:3000"), key_set=_PUBLISHED, settings=_STRICT
    ),
    "another audience": lambda place: place.ask(
        token=signed(aud="http://localhost:3000"), key_set=_PUBLISHED, settings=_STRICT
    ),
    "no issuer": lambda place: place.ask(
        token=signed(iss=None), key_set=_PUBLISHED, settings=_STRICT
    ),
    "an expired token": lambda place: place.ask(
        token=signed(exp=int(time.time()) - 3600), key_set=_PUBLISHED, settings=_STRICT
    ),
    "a token that is not valid yet": lambda place: place.ask(
        token=signed(iat=int(time.time()) + 600), key_set=_PUBLISHED, settings=_STRICT
    ),
    "another user's path": lambda place: place.ask(path="/api/bob/tasks", token=minted()),
    "a path of another API": lambda place: place.ask(path="/api/v1/tasks", token=minted()),
    "no such path": lambda place: place.ask(path="/tasks", token=minted()),
    "no path of the key set": lambda place: place.ask(
        token=signed(), key_set=response(b"", status="404 Not Found")
    ),
    "a page instead of the key set": lambda place: place.ask(
        token=signed(), key_set=response(b"<!doctype html>")
    ),
    "a redirect instead of the key set": lambda place: place.ask(
        token=signed(),
        key_set=response(
            b"", status="307 x", headers=b"location: https://www.example.com/jwks\r\n"
        ),
    ),
    "an empty key set": lambda place: place.ask(token=signed(), key_set=response(b'{"keys": []}')),
    "a key set out of reach": lambda place: place.ask(
        token=signed(),
        settings={"BETTER_AUTH_JWKS_URL": f"http://127.0.0.1:{free_port()}/api/auth/jwks"},
    ),
}

# Starts of the service.
STARTS: Final[dict[str, Situation]] = {
    "no settings": lambda place: place.start(),
    "an empty secret": lambda place: place.start(STORAGE="memory", BETTER_AUTH_SECRET=""),
    "a path in an origin": lambda place: place.start(
        **MEMORY | {"CORS_ORIGINS": "https://app.example.com/login"}
    ),
    "another kind of database": lambda place: place.start(NEON_DB_URL="mysql://u:p@h/d", **_KEYS),
    "a slash in the password": lambda place: place.start(
        NEON_DB_URL="postgresql://u:s3/cr3t@h/d", **_KEYS
    ),
    "an unknown parameter": lambda place: place.start(
        NEON_DB_URL="postgresql://u:p@h/d?sslmod=require", **_KEYS
    ),
    "a schema as a parameter": lambda place: place.start(
        NEON_DB_URL="postgresql://u:p@h/d?schema=app", **_KEYS
    ),
    "an example": lambda place: place.start(
        NEON_DB_URL="postgresql://USER:PASSWORD@HOST/DATABASE", **_KEYS
    ),
    "a minted token for a key set": lambda place: place.start(
        "token", "--user", "ada", BETTER_AUTH_JWKS_URL="https://h/api/auth/jwks"
    ),
}


def _ready(place: Place, url: str, **settings: str) -> str:
    return place.ask(
        path="/health/ready", settings={"STORAGE": "postgres", "NEON_DB_URL": url, **settings}
    )


def _create(place: Place, url: str, **settings: str) -> str:
    return place.ask(
        "POST",
        token=minted(),
        json={"title": "x"},
        settings={"STORAGE": "postgres", "NEON_DB_URL": url, **settings},
    )


def _wrong_password(place: Place) -> str:
    with refusing_postgres('password authentication failed for user "tasks"') as url:
        return _ready(place, url)


def _out_of_reach(place: Place) -> str:
    settings = {"STORAGE": "postgres", "NEON_DB_URL": f"postgresql://u@127.0.0.1:{free_port()}/d"}
    return place.ask(token=minted(), settings=settings)


# Databases that the service cannot use, or not as it should.
DATABASES: Final[dict[str, Situation]] = {
    "a wrong password": _wrong_password,
    "no such database": lambda place: _ready(
        place, make_conninfo(place.database(), dbname="nowhere")
    ),
    "nothing listens": _out_of_reach,
    "no such host": lambda place: _ready(place, "postgresql://u@nowhere.invalid/d"),
    "two users tables": lambda place: place.start(
        NEON_DB_URL=place.database(_STAND_IN, _STAND_IN.replace("users", '"user"')), **_KEYS
    ),
    "a table of another application": lambda place: place.start(
        NEON_DB_URL=place.database("CREATE TABLE tasks (id uuid PRIMARY KEY)"), **_KEYS
    ),
    "no table may be made": lambda place: place.start(
        NEON_DB_URL=make_conninfo(
            place.database(_OWNER, "REVOKE ALL ON SCHEMA public FROM landlord"), user="landlord"
        ),
        **_KEYS,
    ),
    "not migrated yet": lambda place: _ready(place, place.database(), MIGRATE_ON_START="false"),
    "the serving role lacks a privilege": lambda place: _ready(
        place, place.migrated("REVOKE INSERT ON tasks FROM landlord"), MIGRATE_ON_START="false"
    ),
    "hidden rows": lambda place: _ready(place, place.migrated(_HIDDEN)),
    "a user without a row": lambda place: _create(place, place.migrated()),
    "a read-only database": lambda place: _create(
        place,
        make_conninfo(
            place.migrated("INSERT INTO users (id) VALUES ('ada')"),
            options="-cdefault_transaction_read_only=on",
        ),
    ),
    "too many tasks": lambda place: _create(
        place,
        place.migrated(
            "INSERT INTO users (id) VALUES ('ada')",
            "INSERT INTO tasks (user_id, title) VALUES ('ada', 'x')",
        ),
        TASKS_PER_USER="1",
    ),
}

SITUATIONS: Final = REQUESTS | STARTS | DATABASES
