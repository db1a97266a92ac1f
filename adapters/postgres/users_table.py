"""Find the table that holds the users."""

from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from adapters.postgres.errors import NotServable
from adapters.postgres.table_name import TableName
from adapters.postgres.user_ids import IdType
from application.errors import InvalidConfiguration, SchemaConflict

STAND_IN: Final = "Made by tasks-api until Better Auth has a table of its own."
"""Comment of a users table that this service has created."""

STAND_IN_NAME: Final = "users"
"""Name of that table, unless USERS_TABLE names another."""

ADVICE: Final = "let USERS_TABLE name another table, or change this one, and start again"

_ID_TYPES: Final = {"character varying": IdType.TEXT} | {kind.value: kind for kind in IdType}


class UsersTable(NamedTuple):
    """A table, or another relation, that may hold the users."""

    oid: int
    schema: str
    name: str
    quoted: str
    """Its schema and name, both quoted if necessary."""
    is_table: bool
    is_visible: bool
    """Whether the search path finds it without its schema."""
    id_kind: str | None
    """The type of its column ``id``, with PostgreSQL's name; None without such a column."""
    id_is_unique: bool
    is_better_auths: bool
    """Whether it has the columns that identify Better Auth's table."""
    is_stand_in: bool
    """Whether this service has created it, and its columns are unchanged."""

    def __str__(self) -> str:
        """Return the name in the form of USERS_TABLE."""
        return str(TableName(self.name, None if self.is_visible else self.schema))

    @property
    def id_type(self) -> IdType:
        """The type of its ids. Raise SchemaConflict if tasks cannot refer to them."""
        if not self.is_table:
            raise SchemaConflict(f"{self} is a view or the like and not a table: {ADVICE}")
        if self.id_kind is None:
            raise SchemaConflict(f"the table {self} is there but has no column id: {ADVICE}")
        if self.id_kind not in _ID_TYPES:
            raise SchemaConflict(
                f"the column {self}.id has the type {self.id_kind} and not text, varchar, uuid, "
                f"integer or bigint: {ADVICE}"
            )
        if not self.id_is_unique:
            raise SchemaConflict(f"{self}.id is neither a primary key nor unique: {ADVICE}")
        return _ID_TYPES[self.id_kind]


def find_users(connection: sa.Connection, setting: TableName | None) -> UsersTable | None:
    """Return the users table; None if it does not exist and may be created.

    Without a ``setting`` it is the table to which tasks refer, or a table with a name that Better
    Auth uses. Tables with Better Auth's columns come first, stand-ins last. Raise
    InvalidConfiguration if more than one remains, and NotServable if the setting names a schema and
    its table does not exist.
    """
    if setting is None:
        return _only_one(_found(connection, f"{_BY_DEFAULT} OR c.oid = {_REFERENCED}"))
    if setting.schema is None:
        named = _found(connection, "c.relname = :name AND pg_table_is_visible(c.oid)", setting)
    else:
        named = _found(connection, "c.relname = :name AND n.nspname = :schema", setting)
        if not named:
            raise NotServable(
                f"the table {setting}, which USERS_TABLE names, is not there: Better Auth makes "
                "it, or USERS_TABLE has to name another one"
            )
    return named[0] if named else None


def referenced_users(connection: sa.Connection) -> UsersTable | None:
    """Return the table to which ``tasks.user_id`` refers."""
    found = _found(connection, f"c.oid = {_REFERENCED}")
    return found[0] if found else None


def _only_one(found: list[UsersTable]) -> UsersTable | None:
    tables = [table for table in found if table.is_table]
    if not tables:
        # A table cannot be created beside a view called users.
        return next((view for view in found if view.name == "users" and view.is_visible), None)
    likely = [table for table in tables if table.is_better_auths]
    likely = likely or [table for table in tables if not table.is_stand_in] or tables
    if len(likely) > 1:
        names = " or ".join(map(str, likely))
        raise InvalidConfiguration(
            f"USERS_TABLE has to be set: the users may be in the table {names}; "
            "set it to the table that Better Auth fills"
        )
    return likely[0]


def _found(
    connection: sa.Connection, condition: str, name: TableName | None = None
) -> list[UsersTable]:
    values: dict[str, Any] = {} if name is None else name._asdict()
    query = sa.text(f"{_QUERY} AND ({condition}) ORDER BY is_visible DESC, name DESC")
    rows = connection.execute(query, {**values, "stand_in": STAND_IN})
    return [UsersTable(**row) for row in rows.mappings()]


# Reads only the catalogs, where a role also finds tables that it may not use.
_QUERY: Final = """
    SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
        quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted,
        c.relkind IN ('r', 'p') AS is_table, pg_table_is_visible(c.oid) AS is_visible,
        a.kinds ->> 'id' AS id_kind,
        EXISTS (
            SELECT FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = 'id'
            WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = k.attnum
        ) AS id_is_unique,
        a.kinds ? 'email' AND a.kinds ?| ARRAY['emailVerified', 'email_verified']
            AS is_better_auths,
        coalesce(obj_description(c.oid, 'pg_class') = :stand_in, false)
            AND a.kinds = '{"id": "text", "name": "text", "email": "text"}' AS is_stand_in
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(attname, format_type(atttypid, NULL)), '{}') AS kinds
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ) a
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_BY_DEFAULT: Final = """
    (c.relname IN ('users', 'user') AND pg_table_is_visible(c.oid))
    OR (n.nspname = 'neon_auth' AND c.relname = 'user')
"""
_REFERENCED: Final = """(
    SELECT confrelid FROM pg_constraint JOIN pg_attribute
        ON attrelid = conrelid AND conkey = ARRAY[attnum] AND attname = 'user_id'
    WHERE conrelid = to_regclass('tasks') AND contype = 'f' AND conparentid = 0 LIMIT 1
)"""
