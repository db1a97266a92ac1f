"""Run a frontend's Better Auth as a separate process, with users and their browsers."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from select import select
from typing import IO, Any

import httpx
from psycopg.conninfo import conninfo_to_dict

from tests.in_process import ServiceHere
from tests.process.service import NO_AUTHORITIES

FOLDER = Path(__file__).parent / "better_auth"
# Neither ASCII nor base64, so that both sides get the same key only from the text's UTF-8 bytes.
SECRET = "ein Schlüssel, den Frontend & Dienst teilen"
PASSWORD = "a long password"

_START_SECONDS = 30
_numbers = count(1)


class Person:
    """A user with a separate browser, which keeps the cookies."""

    def __init__(self, browser: httpx.Client, closing: ExitStack) -> None:
        self.name = f"person-{next(_numbers)}"
        self.email = f"{self.name}@example.com"
        self.id = ""
        self.browser = browser
        self._closing = closing

    def sign_up(self) -> "Person":
        answer = self.try_to_sign_up()
        assert answer.status_code == 200, answer.text
        self.id = answer.json()["user"]["id"]
        return self

    def try_to_sign_up(self) -> httpx.Response:
        filled = {"name": self.name, "email": self.email, "password": PASSWORD}
        return self.browser.post("/api/auth/sign-up/email", json=filled)

    def sign_in(self) -> httpx.Response:
        self.browser.cookies.clear()
        filled = {"email": self.email, "password": PASSWORD}
        answer = self.browser.post("/api/auth/sign-in/email", json=filled)
        assert answer.status_code == 200, answer.text
        return answer

    def token(self) -> str:
        answer = self.browser.get("/api/auth/token")
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    def cookie(self, name: str) -> str:
        return self.browser.cookies[f"better-auth.{name}"]

    def verification_mail(self) -> str:
        """Request the e-mail that verifies the address and return its token."""
        answer = self.browser.post("/api/auth/send-verification-email", json={"email": self.email})
        assert answer.status_code == 200, answer.text
        token: str = self.browser.get("/mails").json()[-1]
        return token

    def delete_account(self) -> httpx.Response:
        return self.browser.post("/api/auth/delete-user", json={"password": PASSWORD})

    def tasks(self, service: ServiceHere, token: str | None = None) -> "Tasks":
        """Return this person's tasks, requested with ``token`` or with a token of their own."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        client = httpx.Client(base_url=service.url, headers=headers, verify=NO_AUTHORITIES)
        return Tasks(self._closing.enter_context(client), f"/api/{self.id}/tasks")


class Tasks:
    """Requests of a frontend for the tasks of one user."""

    def __init__(self, client: httpx.Client, path: str) -> None:
        self._client = client
        self._path = path

    def add(self, title: str) -> httpx.Response:
        return self._client.post(self._path, json={"title": title})

    def show(self, **query: str) -> httpx.Response:
        return self._client.get(self._path, params=query)

    def titles(self) -> list[str]:
        answer = self.show()
        assert answer.status_code == 200, answer.text
        return [task["title"] for task in answer.json()]

    def get(self, number: int) -> httpx.Response:
        return self._client.get(f"{self._path}/{number}")

    def edit(self, number: int, **fields: str) -> httpx.Response:
        return self._client.put(f"{self._path}/{number}", json=fields)

    def toggle(self, number: int) -> httpx.Response:
        return self._client.patch(f"{self._path}/{number}/complete")

    def delete(self, number: int) -> httpx.Response:
        return self._client.delete(f"{self._path}/{number}")


class BetterAuth:
    """A running Better Auth."""

    def __init__(self, port: int, public_url: str | None, closing: ExitStack) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.jwks_url = f"{self.url}/api/auth/jwks"
        self._public_url = public_url or self.url
        self._closing = closing

    def migrate(self) -> None:
        """Create the tables, of one that was started without them."""
        httpx.get(f"{self.url}/migrate", timeout=_START_SECONDS).raise_for_status()

    def person(self, host: str | None = None) -> Person:
        """Return a person who has not signed up; ``host`` is the Host header of their browser."""
        headers = {"Origin": self._public_url}
        if host is not None:
            headers = {"Origin": f"http://{host}", "Host": host}
        client = httpx.Client(base_url=self.url, headers=headers, verify=NO_AUTHORITIES)
        return Person(self._closing.enter_context(client), self._closing)


class BetterAuthFailed(Exception):
    """Better Auth did not start. The message is its log."""


def tables_of(database_url: str, **configuration: Any) -> str:
    """Return the statements that create Better Auth's tables in an empty database."""
    configuration = _configuration(database_url, configuration) | {"tables": "printed"}
    with _process(configuration) as process:
        # It ends with its standard input, and so must have written first.
        assert process.stdout is not None
        statements = process.stdout.read().decode()
        _end(process)
    assert "create table" in statements
    return statements


def _process(
    configuration: dict[str, Any], log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["node", "server.mjs"],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "BETTER_AUTH": json.dumps(configuration)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
    )


def _configuration(database_url: str, configuration: dict[str, Any]) -> dict[str, Any]:
    given = conninfo_to_dict(database_url)
    database = {name: given[name] for name in ("host", "port", "user")}
    database["database"] = given["dbname"]
    return {"secret": SECRET, "database": database} | configuration


@contextmanager
def better_auth(folder: Path, database_url: str, **configuration: Any) -> Iterator[BetterAuth]:
    """Start a Better Auth that migrates the database, and end it with the block.

    server.mjs reads ``configuration``. Raises BetterAuthFailed.
    """
    public_url: str | None = configuration.get("baseURL")
    configuration = _configuration(database_url, configuration)
    log = folder / f"better-auth-{next(_numbers)}.log"
    with ExitStack() as closing, log.open("wb") as output:
        process = closing.enter_context(_process(configuration, output))
        closing.callback(_end, process)
        assert process.stdout is not None
        answers, _, _ = select([process.stdout], [], [], _START_SECONDS)
        port = process.stdout.readline() if answers else b""
        if not port:
            raise BetterAuthFailed(log.read_text())
        yield BetterAuth(int(port), public_url, closing)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
