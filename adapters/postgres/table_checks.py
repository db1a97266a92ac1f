"""Check the tables: one check for each requirement of a start."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import sqlalchemy as sa

from adapters.postgres.driver_errors import operation_failure
from adapters.postgres.following import (
    drift,
    has_users_sync,
    is_there,
    require_no_other_users,
    require_the_users,
)
from adapters.postgres.history import History
from adapters.postgres.migrating import readable_history, require_privileges
from adapters.postgres.migrations.obstacles import require_no_hidden_rows, require_no_obstacles
from adapters.postgres.migrations.users import require_privileges as require_to_refer_to
from adapters.postgres.table_name import TableName
from adapters.postgres.users_table import (
    STAND_IN_NAME,
    UsersTable,
    find_users,
    referenced_users,
)
from application.check import Check
from application.errors import ApplicationError

_COUNTED: Final = 10_000
"""Most rows that are counted. For more, PostgreSQL's estimate is shown."""

_NO_ROW: Final = "no row"

_MIGRATE: Final = "run `tasks-api migrate` as a role that may create tables"


def check_tables(
    connection: sa.Connection, setting: TableName | None, *, migrates: bool
) -> Iterator[Check]:
    """Yield one check for each requirement; ``migrates`` says whether a start migrates."""
    tables = _Tables(connection, setting, migrates=migrates)
    yield guarded(connection, "users", tables.check_users)
    yield guarded(connection, "schema", tables.check_schema)
    if tables.has_tasks:
        for name, require, sentence in _REQUIREMENTS:
            yield guarded(connection, name, partial(require, connection), passed=sentence)


def guarded(
    connection: sa.Connection, name: str, check: Callable[[], Check | None], *, passed: str = ""
) -> Check:
    """Return the result of ``check``, by default ``passed``; return an error as a failure."""
    try:
        with connection.begin_nested():
            return check() or Check.ok(name, passed)
    except ApplicationError as error:
        return Check.failure(name, str(error))
    except sa.exc.DBAPIError as error:
        return Check.failure(name, str(operation_failure(error.orig or error)))


_REQUIREMENTS: Final = (
    ("privileges", require_privileges, "the role may read and write tasks"),
    ("row security", require_no_hidden_rows, "no task is hidden from the role"),
    ("obstacles", require_no_obstacles, "nothing in the database refuses or changes tasks"),
)


class _Tables:
    """The tables, and how a start would change them."""

    def __init__(
        self, connection: sa.Connection, setting: TableName | None, *, migrates: bool
    ) -> None:
        self._connection = connection
        self._setting = setting
        self._migrates = migrates
        self.has_tasks = is_there(connection, "tasks")
        self._users: UsersTable | None = None

    def check_users(self) -> Check:
        """Check that there is one users table and tasks can refer to it."""
        if self.has_tasks and not self._migrates:
            require_the_users(self._connection, self._setting)
            self._users = referenced_users(self._connection)
        else:
            self._users = find_users(self._connection, self._setting)
        if self._users is None:
            return self._no_users()
        rows = _rows(self._connection, self._users)
        sentence = f"the table {self._users} has ids of the type {self._users.id_type}, {rows}"
        if self._users.is_stand_in:
            sentence = f"{sentence}; this service has made it"
            return Check.warning("users", sentence, _where_users_are(self._connection))
        if not self._users.is_better_auths:
            return Check.warning(
                "users",
                f"{sentence} and no columns email and emailVerified, as Better Auth's has",
                "if Better Auth fills another table, set USERS_TABLE to it",
            )
        if rows == _NO_ROW:
            return Check.warning(
                "users",
                f"{sentence}: no user can create a task yet",
                "if users have signed up, NEON_DB_URL or USERS_TABLE names another table than "
                "theirs",
            )
        return Check.ok("users", f"{sentence} and Better Auth's columns")

    def _no_users(self) -> Check:
        name = self._setting.name if self._setting is not None else STAND_IN_NAME
        require_no_other_users(self._connection, name)
        return Check.warning(
            "users",
            f"there is no users table yet; an empty table {name} is made for the time being",
            _where_users_are(self._connection),
        )

    def check_schema(self) -> Check:
        """Check that the schema is at the newest revision or can be migrated to it."""
        history = readable_history(self._connection)
        if self.has_tasks and history.current is not None:
            return self._revision(history)
        return self._to_be_made(history)

    def _revision(self, history: History) -> Check:
        at = f"the schema is at revision {history.current}"
        if history.is_newer_than_this_program:
            return Check.warning(
                "schema",
                f"{at}, made by a newer program than this one, which knows {history.newest}",
                "run that newer release",
            )
        if history.current != history.newest:
            return self._outdated(f"{at} and has to be at {history.newest}")
        if (difference := drift(self._connection)) is not None:
            return self._outdated(difference)
        referred = referenced_users(self._connection)
        if self._users is not None and (referred is None or referred.oid != self._users.oid):
            other = f"tasks refer to {referred or 'no table'} and not to {self._users}"
            return self._outdated(other)
        return Check.ok("schema", f"{at}, the newest")

    def _outdated(self, sentence: str) -> Check:
        if self._migrates:
            return Check.warning("schema", sentence, "the next start brings it up to date")
        return Check.failure("schema", sentence, _MIGRATE)

    def _to_be_made(self, history: History) -> Check:
        if not self._migrates:
            at = f"the schema is at revision {history.current or '(none)'}"
            return self._outdated(f"{at} and has to be at {history.newest}")
        schema, role, may_create = self._connection.execute(sa.text(_MAY_CREATE)).one()
        if schema is None:
            return Check.failure(
                "schema", "the search_path names no schema", "let it name one, such as public"
            )
        if not may_create:
            return Check.failure(
                "schema",
                f"there are no tables yet, and the role {role} may not create them in {schema}",
                f"{_MIGRATE}, and set MIGRATE_ON_START=false for this one",
            )
        if self._users is not None:
            require_to_refer_to(self._connection, self._users)
        if self.has_tasks:
            return Check.warning(
                "schema",
                "there is a table tasks that this service has not made",
                "the next start adopts it, or says what is to be changed",
            )
        return Check.warning(
            "schema",
            "there is no table tasks yet",
            "the next start, or `tasks-api migrate`, makes it",
        )


def _where_users_are(connection: sa.Connection) -> str:
    if has_users_sync(connection):
        return "if neon_auth.users_sync holds the users, set USERS_TABLE=neon_auth.users_sync"
    return (
        "let Better Auth make its tables in this database; if it has, in another schema or under "
        "another name, set USERS_TABLE"
    )


def _rows(connection: sa.Connection, users: UsersTable) -> str:
    estimate, may_read = connection.execute(sa.text(_READABLE), {"oid": users.oid}).one()
    about = f"about {estimate} rows" if estimate >= 0 else "rows that this role may not count"
    if not may_read:
        return about
    first = f"(SELECT FROM {users.quoted} LIMIT {_COUNTED + 1}) AS counted"
    counted = f"SELECT count(*) FROM {first}"  # noqa: S608 - quoted
    count = connection.scalar(sa.text(counted)) or 0
    if count > _COUNTED:
        return about if estimate > _COUNTED else f"over {_COUNTED} rows"
    return {0: _NO_ROW, 1: "1 row"}.get(count, f"{count} rows")


_READABLE: Final = """
    SELECT reltuples::bigint, has_schema_privilege(relnamespace, 'USAGE')
        AND has_table_privilege(oid, 'SELECT') FROM pg_class WHERE oid = :oid
"""
_MAY_CREATE: Final = """
    SELECT current_schema(), current_user, has_schema_privilege(current_schema(), 'CREATE')
"""
