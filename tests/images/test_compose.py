"""docker-compose.yml: the services that it starts, and their order."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.images.engine import SECRET, Compose, answers
from tests.images.six_operations import perform_all

pytestmark = pytest.mark.images

PASSWORD = """a/b@c%d:e?f#g"h"""
"""Characters with a special meaning in a URL and in PgBouncer's file of users."""

NEON = "postgresql://u:s3cr3t@ep-x-pooler.neon.tech/d?sslmode=require&channel_binding=require"


@pytest.fixture
def compose(checkout: Path) -> Iterator[Compose]:
    """A checkout whose ``.env`` has the settings for the local database."""
    compose = Compose(checkout, POSTGRES_PASSWORD=f"'{PASSWORD}'", BETTER_AUTH_SECRET=SECRET)
    yield compose
    compose("--profile=*", "down", "--volumes", "--timeout=1")


def up(compose: Compose, *profiles: str) -> None:
    options = [f"--profile={profile}" for profile in profiles]
    result = compose(
        *options, "up", "--detach", "--wait", "--no-build", "--pull=never", check=False
    )
    assert result.returncode == 0, result.stderr + compose(*options, "logs").stdout


def create_user(compose: Compose, user: str) -> str:
    """Create a user as README.md says and return their token. ``-T``: there is no terminal."""
    token = ("tasks-api", "token", "--user", user, "--create-user")
    return compose("exec", "-T", "api", *token).stdout.strip()


def test_the_database_and_the_api_start_and_the_code_reloads(compose: Compose) -> None:
    up(compose)

    answers("http://127.0.0.1:8000/health/ready", seconds=10)
    token = create_user(compose, "ada")
    perform_all("http://127.0.0.1:8000", token=token, user="ada")
    examined = compose("exec", "-T", "api", "tasks-api", "doctor", "--token", token)
    assert "the sub 'ada' has a row in the table users" in examined.stdout
    assert set(compose("ps", "--services").stdout.split()) == {"db", "api"}

    app = compose.folder / "entrypoints" / "http" / "app.py"
    app.write_text(app.read_text().replace('title="tasks-api"', 'title="changed"'))
    deadline = time.monotonic() + 20
    while _title() != "changed":
        assert time.monotonic() < deadline, compose("logs", "api").stdout
        time.sleep(0.2)


def _title() -> str | None:
    try:
        title: str = httpx.get("http://127.0.0.1:8000/openapi.json").json()["info"]["title"]
    except httpx.TransportError:
        return None
    return title


def test_a_second_api_uses_the_pooler(compose: Compose) -> None:
    up(compose, "pooled")

    answers("http://127.0.0.1:8001/health/ready", seconds=10)
    token = create_user(compose, "ada")
    perform_all("http://127.0.0.1:8001", token=token, user="ada")
    shown = compose("logs", "pooler").stdout
    assert "login attempt: db=tasks user=tasks" in shown


def test_users_of_the_example_frontend_can_create_tasks(compose: Compose) -> None:
    up(compose, "example")

    web = "http://localhost:3000"
    answers(f"{web}/sign-in", seconds=30)
    with httpx.Client(base_url=web, headers={"Origin": web}, timeout=30) as browser:
        person = {"name": "Ada", "email": "ada@example.com", "password": "a-long-password"}
        signed_up = browser.post("/api/auth/sign-up/email", json=person)
        user = signed_up.json()["user"]["id"]
        token = browser.get("/api/auth/token").json()["token"]
    created = httpx.post(
        f"http://localhost:8000/api/{user}/tasks",
        json={"title": "Buy milk"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert created.status_code == 201, created.text


def test_with_neon_no_database_starts(checkout: Path) -> None:
    compose = Compose(checkout, NEON_DB_URL=NEON, BETTER_AUTH_SECRET=SECRET)
    assert compose("config", "--services").stdout.split() == ["api"]
    assert NEON in compose("config").stdout
    assert set(compose("--profile=example", "config", "--services").stdout.split()) == {
        "api",
        "web",
    }


def test_with_neon_the_pooler_gets_a_database_of_its_own(checkout: Path) -> None:
    compose = Compose(checkout, NEON_DB_URL=NEON, POSTGRES_PASSWORD="a-password")
    pooled = compose("--profile=pooled", "config", "--services").stdout.split()
    assert set(pooled) == {"api", "api-pooled", "pooler", "db"}


@pytest.mark.parametrize("profile", ["", "pooled", "example"])
def test_without_a_password_nothing_starts(checkout: Path, profile: str) -> None:
    compose = Compose(checkout, POSTGRES_PASSWORD="", BETTER_AUTH_SECRET=SECRET)
    refused = compose(f"--profile={profile}", "config", check=False)
    assert refused.returncode != 0
    assert "needs-POSTGRES_PASSWORD" in refused.stderr


def test_every_secret_comes_from_the_environment_file(checkout: Path) -> None:
    given = "from-the-file"
    compose = Compose(checkout, POSTGRES_PASSWORD=given, BETTER_AUTH_SECRET=given)
    shown = compose("--profile=*", "config").stdout
    secrets = re.findall(r"(?:PASSWORD|SECRET): (.*)", shown)
    assert len(secrets) > 4
    assert set(secrets) == {given}
