"""A Better Auth with its defaults, which migrates first: a key set, and the table "user"."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import psycopg
import pytest

from tests.in_process import ServiceHere
from tests.interop.frontend import BetterAuth, Person, better_auth
from tests.interop.serving import serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]


@pytest.fixture(scope="module")
def frontend(
    shared_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BetterAuth]:
    """A Better Auth without any configuration for this service."""
    with better_auth(tmp_path_factory.mktemp("frontend"), shared_database_url) as running:
        yield running


@pytest.fixture(scope="module")
def service(frontend: BetterAuth, shared_database_url: str) -> Iterator[ServiceHere]:
    """A service with the URL of the keys and the name of the table."""
    with serving(shared_database_url, frontend, USERS_TABLE="user") as running:
        yield running


@pytest.fixture
def ada(frontend: BetterAuth) -> Person:
    """A person who has just signed up."""
    return frontend.person().sign_up()


@pytest.fixture
def bob(frontend: BetterAuth) -> Person:
    """Another person who has just signed up."""
    return frontend.person().sign_up()


def test_a_new_user_can_use_every_operation(ada: Person, service: ServiceHere) -> None:
    tasks = ada.tasks(service)
    assert tasks.titles() == []
    task = tasks.add("water the plants").json()
    assert task["user_id"] == ada.id
    assert tasks.edit(task["id"], title="feed the cat").json()["title"] == "feed the cat"
    assert tasks.toggle(task["id"]).json()["completed"] is True
    assert tasks.show(status="completed").json()[0]["id"] == task["id"]
    assert tasks.delete(task["id"]).status_code == 204
    assert tasks.titles() == []


def test_a_user_who_signs_in_again_has_their_tasks(ada: Person, service: ServiceHere) -> None:
    ada.tasks(service).add("water the plants")
    ada.sign_in()
    assert ada.tasks(service).titles() == ["water the plants"]


def test_a_user_cannot_reach_the_tasks_of_another_user(
    ada: Person, bob: Person, service: ServiceHere
) -> None:
    task = ada.tasks(service).add("a secret").json()
    assert ada.tasks(service, bob.token()).show().status_code == 403
    assert bob.tasks(service).get(task["id"]).status_code == 404
    assert bob.tasks(service).titles() == []


def test_a_token_has_the_documented_claims(ada: Person, frontend: BetterAuth) -> None:
    token = ada.token()
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert header == {"alg": "EdDSA", "kid": header["kid"]}
    assert claims["sub"] == ada.id
    assert len(ada.id) == 32
    assert claims["iss"] == claims["aud"] == frontend.url
    assert claims["exp"] - claims["iat"] == 900


NO_TOKENS: dict[str, Callable[[Person], str]] = {
    "the session token": lambda person: person.sign_in().json()["token"],
    "the session cookie": lambda person: person.cookie("session_token"),
    "the bearer plugin's token": lambda person: person.sign_in().headers["set-auth-token"],
    "the token of a verification mail": Person.verification_mail,
}


@pytest.mark.parametrize("other", NO_TOKENS.values(), ids=NO_TOKENS)
def test_other_credentials_of_better_auth_are_refused(
    ada: Person, service: ServiceHere, other: Callable[[Person], str]
) -> None:
    refused = ada.tasks(service, other(ada)).show()
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.json() == {"status_code": 401, "detail": "Invalid token"}


@pytest.mark.parametrize("strategy", ["compact", "jwe", "jwt", "jwtOfKeys"])
def test_a_session_cached_in_a_cookie_is_refused_in_every_form(
    strategy: str,
    frontend: BetterAuth,
    service: ServiceHere,
    shared_database_url: str,
    tmp_path: Path,
) -> None:
    # A second process of the same frontend: same keys, same users, same sessions.
    with better_auth(
        tmp_path, shared_database_url, baseURL=frontend.url, cookieCache=strategy
    ) as twin:
        ada = twin.person().sign_up()
        assert ada.tasks(service).titles() == []
        refused = ada.tasks(service, ada.cookie("session_data")).show()
        assert refused.status_code == 401
        assert refused.json()["detail"] == "Invalid token"


def test_a_token_signed_with_keys_of_another_better_auth_is_refused(
    empty_database_url: str,
    ada: Person,
    frontend: BetterAuth,
    service: ServiceHere,
    tmp_path: Path,
) -> None:
    # Both name the same issuer: only the keys differ.
    with better_auth(tmp_path, empty_database_url, baseURL=frontend.url) as other:
        eve = other.person().sign_up()
        foreign = eve.token()
        with psycopg.connect(empty_database_url) as connection:
            known = jwt.get_unverified_header(ada.token())["kid"]
            connection.execute("UPDATE jwks SET id = %s", [known])
        for token in (foreign, eve.token()):
            claims = jwt.decode(token, options={"verify_signature": False})
            assert claims["iss"] == claims["aud"] == frontend.url
            refused = eve.tasks(service, token).show()
            assert refused.status_code == 401
        assert jwt.get_unverified_header(token)["kid"] == known


def test_a_token_that_better_auth_let_expire_is_refused(
    ada: Person,
    frontend: BetterAuth,
    service: ServiceHere,
    shared_database_url: str,
    tmp_path: Path,
) -> None:
    past = int(time.time()) - 60
    with better_auth(
        tmp_path, shared_database_url, baseURL=frontend.url, expirationTime=past
    ) as twin:
        elsewhere = twin.person()
        elsewhere.browser.cookies.update(ada.browser.cookies)
        refused = ada.tasks(service, elsewhere.token()).show()
    assert refused.status_code == 401
    assert refused.json()["detail"] == "Token has expired"


def test_deleting_an_account_deletes_only_its_own_tasks(
    ada: Person, bob: Person, service: ServiceHere, shared_database_url: str
) -> None:
    for person in (ada, bob):
        person.tasks(service).add("water the plants")
    answer = ada.delete_account()
    assert answer.status_code == 200, answer.text
    with psycopg.connect(shared_database_url) as connection:
        left = "SELECT user_id FROM tasks WHERE user_id = ANY (%s)"
        assert connection.execute(left, [[ada.id, bob.id]]).fetchall() == [(bob.id,)]
        users = 'SELECT id FROM "user" WHERE id = ANY (%s)'
        assert connection.execute(users, [[ada.id, bob.id]]).fetchall() == [(bob.id,)]
    assert bob.tasks(service).titles() == ["water the plants"]


def test_the_token_of_a_deleted_user_can_neither_read_nor_create(
    ada: Person, service: ServiceHere
) -> None:
    tasks = ada.tasks(service)
    number = tasks.add("water the plants").json()["id"]
    assert ada.delete_account().status_code == 200
    assert tasks.titles() == []
    assert tasks.get(number).status_code == 404
    assert tasks.toggle(number).status_code == 404
    refused = tasks.add("one more")
    assert refused.status_code == 401
    assert refused.json()["detail"] == "Unknown user"
    assert ada.id in service.log
