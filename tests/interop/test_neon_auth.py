"""Neon Auth, which keeps its users in a schema of its own, by two settings."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.in_process import ServiceHere, serving_here
from tests.interop.neon_auth import OWNER, TABLES, Issuer, issuing

pytestmark = [pytest.mark.process, pytest.mark.postgres]

ADA = "0b8c9a1e-6f0e-4c57-9b5e-0d3f1f5f7a10"
BOB = "5d0a7c3e-93f1-4c0c-8d0f-3c1a2b4d5e6f"
NEW_USER = """INSERT INTO neon_auth."user" (id, name, email, "emailVerified")
    VALUES (%s, 'A', %s, true)"""


@pytest.fixture
def neon_url(empty_database_url: str) -> Iterator[str]:
    """The connection string of a database with an empty Neon Auth."""
    name = conninfo_to_dict(empty_database_url)["dbname"]
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE neon_auth; CREATE ROLE {OWNER} LOGIN CREATEROLE; "
            f"GRANT neon_auth TO {OWNER}; ALTER DATABASE {name} OWNER TO {OWNER}; "
            "CREATE SCHEMA neon_auth AUTHORIZATION neon_auth; SET ROLE neon_auth;" + TABLES
        )
        yield make_conninfo(empty_database_url, user=OWNER)
        connection.execute(
            f"RESET ROLE; DROP OWNED BY {OWNER}, neon_auth; REASSIGN OWNED BY {OWNER} TO postgres; "
            f"DROP ROLE {OWNER}, neon_auth"
        )


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def settings(url: str, issuer: Issuer) -> dict[str, str]:
    return {
        "NEON_DB_URL": url,
        "BETTER_AUTH_JWKS_URL": issuer.jwks_url,
    }


def sign_up(url: str, user: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(NEW_USER, [user, f"{user}@example.com"])


def tasks(service: ServiceHere, user: str, token: str, method: str = "GET") -> httpx.Response:
    return httpx.request(
        method,
        f"{service.url}/api/{user}/tasks",
        headers={"Authorization": f"Bearer {token}"},
        json={"title": "water the plants"} if method == "POST" else None,
    )


def test_users_of_neon_auth_have_their_tasks(neon_url: str, issuer: Issuer) -> None:
    with serving_here(**settings(neon_url, issuer)) as service:
        sign_up(neon_url, ADA)
        sign_up(neon_url, BOB)
        for user in (ADA, BOB):
            assert tasks(service, user, issuer.token(user), "POST").status_code == 201
        with psycopg.connect(neon_url) as connection:
            connection.execute("""DELETE FROM neon_auth."user" WHERE id = %s""", [ADA])
        assert tasks(service, ADA, issuer.token(ADA)).json() == []
        assert tasks(service, ADA, issuer.token(ADA), "POST").json()["detail"] == "Unknown user"
        assert len(tasks(service, BOB, issuer.token(BOB)).json()) == 1
        assert "neon_auth.user, whose ids are uuid" in service.log
    with psycopg.connect(neon_url) as connection:
        made = connection.execute("SELECT to_regclass('users'), to_regclass('\"user\"')").fetchone()
    assert made == (None, None)


def test_another_spelling_of_a_uuid_is_another_user_who_has_no_tasks(
    neon_url: str, issuer: Issuer
) -> None:
    sign_up(neon_url, ADA)
    with serving_here(**settings(neon_url, issuer)) as service:
        assert tasks(service, ADA, issuer.token(ADA), "POST").status_code == 201
        for other in (ADA.upper(), ADA.replace("-", "")):
            assert tasks(service, other, issuer.token(other)).json() == []
            assert tasks(service, other, issuer.token(other), "POST").status_code == 401


def test_tokens_of_another_branch_with_the_same_keys_are_refused(
    neon_url: str, issuer: Issuer
) -> None:
    sign_up(neon_url, ADA)
    token = issuer.token(ADA, origin="https://ep-preview.neonauth.eu-central-1.aws.neon.tech")
    with serving_here(**settings(neon_url, issuer)) as service:
        assert tasks(service, ADA, token).status_code == 401
        assert tasks(service, ADA, issuer.token(ADA)).status_code == 200


def test_the_older_neon_auth_works_with_its_table_set(neon_url: str, issuer: Issuer) -> None:
    with psycopg.connect(neon_url) as connection:
        connection.execute(
            """DROP TABLE neon_auth."user" CASCADE;
            CREATE TABLE neon_auth.users_sync (raw_json jsonb NOT NULL,
                id text GENERATED ALWAYS AS (raw_json ->> 'id') STORED NOT NULL PRIMARY KEY,
                updated_at timestamptz, deleted_at timestamptz);
            INSERT INTO neon_auth.users_sync (raw_json) VALUES ('{"id": "ada"}')"""
        )
    older = settings(neon_url, issuer) | {"USERS_TABLE": "neon_auth.users_sync"}
    with serving_here(**older) as service:
        assert tasks(service, "ada", issuer.token("ada"), "POST").status_code == 201
