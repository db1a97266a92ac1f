"""A service that finds Better Auth's users by itself, regardless of which one starts first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.in_process import ServiceHere
from tests.interop.frontend import BetterAuth, better_auth, tables_of
from tests.interop.serving import migrate, serving
from tests.interop.test_users_table import everything_works

pytestmark = [pytest.mark.process, pytest.mark.postgres]

IDS = [None, "uuid", "serial"]


@contextmanager
def either_order(
    order: str, folder: Path, database_url: str, **configuration: object
) -> Iterator[tuple[BetterAuth, ServiceHere]]:
    """Start both without USERS_TABLE: ``order`` says which finds an empty database."""
    if order == "Better Auth first":
        with (
            better_auth(folder, database_url, **configuration) as frontend,
            serving(database_url, frontend) as service,
        ):
            yield frontend, service
        return
    migrate(database_url, None)
    with (
        better_auth(folder, database_url, tables="later", **configuration) as frontend,
        serving(database_url, frontend) as service,
    ):
        frontend.migrate()
        yield frontend, service


@pytest.mark.parametrize("order", ["Better Auth first", "the service first"])
@pytest.mark.parametrize("ids", IDS)
def test_nothing_has_to_be_set_for_better_auths_default_table(
    ids: str | None, order: str, empty_database_url: str, tmp_path: Path
) -> None:
    with either_order(order, tmp_path, empty_database_url, ids=ids) as (frontend, service):
        everything_works(frontend, service)
    assert relations(empty_database_url, "users") == []


@pytest.mark.parametrize("ids", IDS)
def test_nothing_has_to_be_set_for_a_table_users_that_better_auth_makes_first(
    ids: str | None, empty_database_url: str, tmp_path: Path
) -> None:
    with (
        better_auth(tmp_path, empty_database_url, usersTable="users", ids=ids) as frontend,
        serving(empty_database_url, frontend) as service,
    ):
        everything_works(frontend, service)


def test_better_auth_adds_its_columns_to_a_table_users_that_the_service_has_made(
    empty_database_url: str, tmp_path: Path
) -> None:
    migrate(empty_database_url, None)
    with (
        better_auth(tmp_path, empty_database_url, usersTable="users") as frontend,
        serving(empty_database_url, frontend) as service,
    ):
        everything_works(frontend, service)


@pytest.mark.parametrize("order", ["Better Auth first", "the service first"])
@pytest.mark.parametrize("if_not_exists", [False, True], ids=["plain", "if not exists"])
@pytest.mark.parametrize("ids", IDS)
def test_tables_that_were_made_by_hand_are_found(
    ids: str | None, if_not_exists: bool, order: str, empty_database_url: str, tmp_path: Path
) -> None:
    statements = by_hand(tables_of(empty_database_url, ids=ids), if_not_exists)
    if order == "Better Auth first":
        execute(empty_database_url, statements)
    else:
        migrate(empty_database_url, None)
        execute(empty_database_url, statements)
    with (
        better_auth(tmp_path, empty_database_url, ids=ids, tables="made by hand") as frontend,
        serving(empty_database_url, frontend) as service,
    ):
        everything_works(frontend, service)


def test_a_table_users_made_by_hand_has_to_come_first(
    empty_database_url: str, tmp_path: Path
) -> None:
    statements = tables_of(empty_database_url, usersTable="users")
    migrate(empty_database_url, None)
    with pytest.raises(psycopg.errors.DuplicateTable):
        execute(empty_database_url, by_hand(statements, False))
    execute(empty_database_url, by_hand(statements, True))
    made_by_hand = {"usersTable": "users", "tables": "made by hand"}
    with better_auth(tmp_path, empty_database_url, **made_by_hand) as frontend:
        assert frontend.person().try_to_sign_up().status_code >= 400


@pytest.mark.parametrize("ids", IDS)
def test_a_schema_of_better_auths_own_takes_the_setting_alone(
    ids: str | None, empty_database_url: str, tmp_path: Path
) -> None:
    with (
        better_auth(tmp_path, empty_database_url, ids=ids, schemaName="Auth") as frontend,
        serving(empty_database_url, frontend, USERS_TABLE='"Auth".user') as service,
    ):
        everything_works(frontend, service)


def by_hand(statements: str, if_not_exists: bool) -> str:
    return (
        statements.replace("create table ", "create table if not exists ")
        if if_not_exists
        else statements
    )


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


def relations(url: str, name: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT relname FROM pg_class WHERE relname = %s", [name]
        ).fetchall()
