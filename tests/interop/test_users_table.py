"""The users table, which our migration and Better Auth's share, in either order."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tests.in_process import ServiceHere
from tests.interop.frontend import BetterAuth, BetterAuthFailed, better_auth
from tests.interop.serving import migrate, serving

pytestmark = [pytest.mark.process, pytest.mark.postgres]


def everything_works(frontend: BetterAuth, service: ServiceHere) -> None:
    ada, bob = frontend.person().sign_up(), frontend.person().sign_up()
    assert ada.tasks(service).add("water the plants").status_code == 201
    assert bob.tasks(service).add("feed the cat").status_code == 201
    ada.sign_in()
    assert ada.tasks(service).titles() == ["water the plants"]
    assert ada.delete_account().status_code == 200
    assert bob.tasks(service).titles() == ["feed the cat"]


# test_default and test_secret test the other two of the four combinations.
def test_the_service_may_create_better_auths_default_table(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrate(empty_database_url, "user")
    with (
        better_auth(tmp_path, empty_database_url) as frontend,
        serving(empty_database_url, frontend, USERS_TABLE="user") as service,
    ):
        everything_works(frontend, service)


def test_better_auth_may_create_the_table_users_and_both_may_migrate_again(
    empty_database_url: str, tmp_path: Path
) -> None:
    with better_auth(tmp_path, empty_database_url, usersTable="users") as frontend:
        early = frontend.person().sign_up()
        with serving(empty_database_url, frontend) as service:
            assert early.tasks(service).add("was here before").status_code == 201
            everything_works(frontend, service)
            again = {"usersTable": "users", "baseURL": frontend.url}
            with better_auth(tmp_path, empty_database_url, **again) as redeployed:
                late = redeployed.person().sign_up()
                assert late.tasks(service).add("came later").status_code == 201
    migrate(empty_database_url, "users")
    with psycopg.connect(empty_database_url) as connection:
        titles = connection.execute("SELECT title FROM tasks ORDER BY id").fetchall()
    assert titles == [("was here before",), ("feed the cat",), ("came later",)]


def test_six_concurrent_sign_ups_with_one_address_create_one_user(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrate(empty_database_url, "users")
    with better_auth(tmp_path, empty_database_url, usersTable="users") as frontend:
        people = [frontend.person() for _ in range(6)]
        for person in people:
            person.email = "ada@example.com"
        with ThreadPoolExecutor(len(people)) as threads:
            answers = list(threads.map(lambda person: person.try_to_sign_up(), people))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {200: 1, 422: 5}
        with psycopg.connect(empty_database_url) as connection:
            assert connection.execute("SELECT email FROM users").fetchall() == [
                ("ada@example.com",)
            ]
        people[0].sign_in()


def test_a_wrong_users_table_is_logged_and_the_right_one_works(
    empty_database_url: str, tmp_path: Path
) -> None:
    with better_auth(tmp_path, empty_database_url) as frontend:
        ada = frontend.person().sign_up()
        with serving(empty_database_url, frontend, USERS_TABLE="users") as service:
            refused = ada.tasks(service).add("water the plants")
            assert refused.status_code == 401
            assert refused.json()["detail"] == "Unknown user"
            assert "no row in the table users, which has 0 rows, in the database" in service.log
        with serving(empty_database_url, frontend, USERS_TABLE="user") as service:
            assert ada.tasks(service).add("water the plants").status_code == 201


@pytest.mark.parametrize("ids", ["uuid", "serial"])
def test_ids_that_are_not_text_do_not_fit_a_table_that_the_setting_made_us_create(
    ids: str, empty_database_url: str, tmp_path: Path
) -> None:
    migrate(empty_database_url, "user")
    with (
        pytest.raises(BetterAuthFailed, match=r"of incompatible types: (uuid|integer) and text"),
        better_auth(tmp_path, empty_database_url, ids=ids),
    ):
        pass
    # Its partial changes remain, and do not affect our migration.
    migrate(empty_database_url, "user")


def test_uuids_that_better_auth_stores_as_text_are_accepted(
    empty_database_url: str, tmp_path: Path
) -> None:
    with (
        better_auth(tmp_path, empty_database_url, ids="uuidAsText") as frontend,
        serving(empty_database_url, frontend, USERS_TABLE="user") as service,
    ):
        assert UUID(frontend.person().sign_up().id).version == 4
        everything_works(frontend, service)
