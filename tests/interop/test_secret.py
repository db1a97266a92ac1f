"""A Better Auth that signs with the shared secret. The service creates the table "users" first."""

from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.in_process import ServiceHere
from tests.interop.frontend import SECRET, BetterAuth, Person, better_auth
from tests.interop.serving import migrate, serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]


@pytest.fixture(scope="module")
def frontend(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BetterAuth]:
    """A Better Auth that also caches sessions in a cookie signed with the same secret."""
    folder = tmp_path_factory.mktemp("frontend")
    migrate(shared_database_url, "users")
    with better_auth(
        folder, shared_database_url, usersTable="users", signedWith="secret", cookieCache="jwt"
    ) as running:
        yield running


@pytest.fixture(scope="module")
def service(frontend: BetterAuth, shared_database_url: str) -> Iterator[ServiceHere]:
    """A service that shares only the secret with the frontend."""
    with serving(shared_database_url, None) as running:
        yield running


@pytest.fixture
def ada(frontend: BetterAuth) -> Person:
    """A person who has just signed up."""
    return frontend.person().sign_up()


def test_a_token_signed_with_the_secrets_utf_8_bytes_is_accepted(
    ada: Person, service: ServiceHere
) -> None:
    token = ada.token()
    assert jwt.decode(token, SECRET.encode(), ["HS256"], options={"verify_aud": False})
    tasks = ada.tasks(service, token)
    assert tasks.add("water the plants").status_code == 201
    assert tasks.titles() == ["water the plants"]


def test_the_cached_session_is_refused_although_the_secret_signed_it(
    ada: Person, service: ServiceHere
) -> None:
    cached = ada.cookie("session_data")
    assert jwt.decode(cached, SECRET.encode(), ["HS256"])["user"]["id"] == ada.id
    assert ada.tasks(service, cached).show().status_code == 401


def test_the_token_of_a_verification_mail_is_refused_although_the_secret_signed_it(
    ada: Person, service: ServiceHere
) -> None:
    mailed = ada.verification_mail()
    assert jwt.decode(mailed, SECRET.encode(), ["HS256"])["email"] == ada.email
    assert ada.tasks(service, mailed).show().status_code == 401


def test_a_better_auth_with_another_secret_is_refused(
    ada: Person,
    service: ServiceHere,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    with better_auth(
        tmp_path, empty_database_url, signedWith="secret", secret=SECRET + " nicht"
    ) as other:
        token = other.person().sign_up().token()
    assert ada.tasks(service, token).show().status_code == 401


def test_deleting_an_account_deletes_its_tasks(ada: Person, service: ServiceHere) -> None:
    tasks = ada.tasks(service)
    tasks.add("water the plants")
    assert ada.delete_account().status_code == 200
    assert tasks.titles() == []
    assert tasks.add("one more").json()["detail"] == "Unknown user"
