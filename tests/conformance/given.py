"""The database that is given to `make conformance`, and the suites' own schema in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DuplicateSchema, InsufficientPrivilege

from adapters.postgres.database import Database

SCHEMA: Final = "tasks_api_conformance"


class Refused(Exception):
    """This database cannot be examined. The message says why."""


class GivenDatabase:
    """A database with the schema SCHEMA, whose contents belong to this run."""

    def __init__(self, url: str, after: Path | None = None) -> None:
        """The search_path of ``url`` is SCHEMA. ``after`` is SQL that follows the migrations."""
        self.url = url
        self._after = None if after is None else after.read_text()

    @contextmanager
    def emptied(self) -> Iterator[str]:
        """Yield the URL of the schema, without tables."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
        yield self.url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of the schema, with the tables, which are empty."""
        with self.emptied() as url:
            asyncio.run(Database(url=url, users_table="users").prepare())
            if self._after is not None:
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(self._after.encode())
            yield url

    @property
    def server(self) -> str:
        """The server's description of itself."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT version()").fetchone()
        return str(row and row[0]).partition(",")[0]


GIVEN: Final = pytest.StashKey[GivenDatabase]()
"""Key of the given database in pytest's configuration. Other runs do not have it."""


@contextmanager
def given_database(url: str, after: Path | None = None) -> Iterator[GivenDatabase]:
    """Create the schema, yield its database and drop the schema. Raise Refused."""
    if not url.startswith(("postgres://", "postgresql://")):
        raise Refused("URL has to be postgresql://USER:PASSWORD@HOST/DATABASE")
    url = _in_schema(url)
    with psycopg.connect(url, autocommit=True) as connection:
        _create_schema(connection)
    try:
        yield GivenDatabase(url, after)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _in_schema(url: str) -> str:
    """Return ``url`` with SCHEMA as its search_path."""
    try:
        options = f"{conninfo_to_dict(url).get('options') or ''} -csearch_path={SCHEMA}".strip()
    except psycopg.Error:
        # libpq's message repeats the text, which may contain a part of the password.
        raise Refused("URL is not one that libpq understands") from None
    # If a parameter is repeated, the last one counts.
    asking = f"{url}{'&' if '?' in url else '?'}options={quote(options, safe='')}"
    reason = ""
    for candidate in (asking, url):
        try:
            with psycopg.connect(candidate) as connection:
                row = connection.execute(
                    "SELECT current_setting('search_path'), quote_ident(current_database())"
                ).fetchone()
        except psycopg.Error as error:
            reason = reason or f"the database cannot be reached: {error}"
        else:
            found, database = row or (None, None)
            if found == SCHEMA:
                return candidate
            reason = (
                f"the search_path is {found}, and this server does not let a connection choose "
                "another, as behind a pooler: as a role that serves nothing else, run ALTER ROLE "
                f"CURRENT_USER IN DATABASE {database} SET search_path = {SCHEMA}; "
                "then let URL name that role"
            )
    raise Refused(reason)


def _create_schema(connection: psycopg.Connection) -> None:
    names = connection.execute("SELECT quote_ident(current_database()), quote_ident(current_user)")
    database, user = names.fetchone() or (None, None)
    if connection.execute("SELECT to_regclass('neon_auth.user')").fetchone() != (None,):
        raise Refused(
            f"the database {database} has the users of Neon Auth, to which tasks would refer: "
            "use another database of the same server"
        )
    try:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    except InsufficientPrivilege as error:
        raise Refused(
            f"the role {user} may not create a schema in the database {database}: as its owner "
            f"run GRANT CREATE ON DATABASE {database} TO {user}"
        ) from error
    except DuplicateSchema as error:
        raise Refused(
            f"the database {database} has a schema {SCHEMA}: another run is using it, or one was "
            f"interrupted; after an interruption run DROP SCHEMA {SCHEMA} CASCADE"
        ) from error
    except psycopg.Error as error:
        raise Refused(f"the schema {SCHEMA} cannot be made: {error}") from error
