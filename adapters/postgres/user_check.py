"""Check whether the user of a token can own tasks."""

from typing import Final

import sqlalchemy as sa

from adapters.postgres.following import is_there, users_in_use
from adapters.postgres.table_name import TableName
from adapters.postgres.user_ids import IdType
from application.check import Check

NAME: Final = "user"

_OTHER_USERS: Final = (
    "if this user is signed in, NEON_DB_URL or USERS_TABLE names another table than the one that "
    "Better Auth fills; otherwise the user was deleted"
)


def check_user(
    connection: sa.Connection, setting: TableName | None, subject: str, *, place: str
) -> Check:
    """Check that ``subject`` is in the users table of the database at ``place``."""
    users = users_in_use(connection, setting)
    if users is None:
        return Check.failure(
            NAME, f"there is no users table yet in {place}", "let Better Auth make its tables there"
        )
    if not users.id_type.admits(subject):
        return Check.failure(
            NAME,
            f"the sub {subject!r} is not spelled as an id of the table {users} in {place}, whose "
            f"ids are {users.id_type}",
            _OTHER_USERS,
        )
    quote = connection.dialect.identifier_preparer.quote
    if connection.scalar(sa.text(_MAY_LOOK), {"oid": users.oid}):
        own = f"{quote(users.schema)}.{quote(users.name)} WHERE id"
        if _exists(connection, own, users.id_type, subject):
            return Check.ok(NAME, f"the sub {subject!r} has a row in the table {users}")
        return Check.failure(
            NAME,
            f"the sub {subject!r} has no row in the table {users} in {place}, so that creating a "
            "task is 401 Unknown user",
            _OTHER_USERS,
        )
    if is_there(connection, "tasks") and _exists(
        connection, "tasks WHERE user_id", users.id_type, subject
    ):
        return Check.ok(NAME, f"the sub {subject!r} has tasks, and so a row in the table {users}")
    return Check.warning(
        NAME,
        f"the sub {subject!r} has no task yet, and this role may not look for it in the table "
        f"{users}",
        "to know more, run this with the NEON_DB_URL of a role that may read that table",
    )


def _exists(connection: sa.Connection, column: str, id_type: IdType, subject: str) -> bool:
    query = f"SELECT EXISTS (SELECT FROM {column} = CAST(:subject AS {id_type}))"  # noqa: S608 - quoted
    return bool(connection.scalar(sa.text(query), {"subject": subject}))


# Without a policy that could hide rows.
_MAY_LOOK: Final = """
    SELECT has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'SELECT')
        AND NOT row_security_active(oid) FROM pg_class WHERE oid = :oid
"""
