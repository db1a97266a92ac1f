"""The reference from tasks to Better Auth's users table, and a stand-in for that table."""

import logging
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from adapters.postgres.migrations.preconditions import TASKS, require_no_task
from adapters.postgres.table_name import TableName
from adapters.postgres.user_ids import IdType
from adapters.postgres.users_table import STAND_IN, STAND_IN_NAME, UsersTable, find_users
from application.errors import SchemaConflict

logger = logging.getLogger(__name__)

COLUMN_TYPES: Final[dict[IdType, type[sa.types.TypeEngine[Any]]]] = {
    IdType.TEXT: sa.Text,
    IdType.UUID: sa.Uuid,
    IdType.INTEGER: sa.Integer,
    IdType.BIGINT: sa.BigInteger,
}
"""The type of ``tasks.user_id`` for users' ids of each type."""


def make_stand_in(name: str) -> None:
    """Create a users table to which Better Auth's own migration can add columns."""
    op.create_table(
        name,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("email", sa.Text, unique=True),
        comment=STAND_IN,
    )


def refer_to_users(connection: sa.Connection, users: UsersTable) -> None:
    """Make ``tasks.user_id`` refer only to ``users``, with the type of its ids.

    Raise SchemaConflict if a task's owner is not in ``users`` or is not an id of that type.
    """
    id_type = users.id_type
    require_privileges(connection, users)
    owner = "(SELECT tasks.user_id::text AS spelling) AS owner"
    require_no_task(
        connection,
        sa.text(f"NOT (SELECT {id_type.condition} FROM {owner})"),  # noqa: S608 - constants
        f"tasks.user_id must be an id of the type {id_type}, as {users}.id has it, spelled as "
        "PostgreSQL writes it",
    )
    for reference in connection.execute(sa.text(_REFERENCES)).all():
        op.drop_constraint(reference.conname, "tasks", type_="foreignkey")
    if connection.scalar(sa.text(_OWNER_TYPE)) != id_type:
        op.alter_column(
            "tasks",
            "user_id",
            type_=COLUMN_TYPES[id_type],
            postgresql_using=f"user_id::text::{id_type}",
        )
    # If a policy may hide users, leave the check to PostgreSQL, which sees all of them.
    if not connection.scalar(sa.text("SELECT row_security_active(:users)"), {"users": users.oid}):
        table = sa.table(users.name, sa.column("id"), schema=users.schema)
        require_no_task(
            connection,
            ~sa.exists().where(table.c.id == TASKS.c.user_id),
            f"tasks.user_id must be an id in the table {users}: set USERS_TABLE to the table that "
            "holds the owners of these tasks",
        )
    op.create_foreign_key(
        "tasks_user_id_fkey",
        "tasks",
        users.name,
        ["user_id"],
        ["id"],
        ondelete="CASCADE",
        referent_schema=users.schema,
    )


def refer_to(connection: sa.Connection, users: UsersTable) -> bool:
    """Return whether tasks have the reference that ``refer_to_users`` makes."""
    references = connection.execute(sa.text(_REFERENCES)).all()
    return [(each.confrelid, each.confdeltype) for each in references] == [
        (users.oid, "c")
    ] and connection.scalar(sa.text(_OWNER_TYPE)) == users.id_type


def require_privileges(connection: sa.Connection, users: UsersTable) -> None:
    """Raise SchemaConflict unless this role may create a reference to ``users``."""
    quote = connection.dialect.identifier_preparer.quote
    facts = {"users": users.oid, "schema": users.schema}
    role, usage, references = connection.execute(sa.text(_PRIVILEGES), facts).one()
    missing = []
    if not usage:
        missing.append(f"GRANT USAGE ON SCHEMA {quote(users.schema)} TO {quote(role)}")
    if not references:
        missing.append(f"GRANT SELECT, REFERENCES ON {users.quoted} TO {quote(role)}")
    if missing:
        raise SchemaConflict(
            f"permission denied for table {users}: the role {role} may not refer to it; as its "
            f"owner run: {'; '.join(missing)}"
        )


def drop_stand_in(connection: sa.Connection, users: UsersTable) -> None:
    """Drop the stand-in that was created before ``users`` existed, if it is empty and unused."""
    stand_in = find_users(connection, TableName(STAND_IN_NAME))
    if stand_in is None or not stand_in.is_stand_in or stand_in.oid == users.oid:
        return
    table = stand_in.quoted
    try:
        with connection.begin_nested():
            connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            if connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) == 0:  # noqa: S608 - quoted
                connection.execute(sa.text(f"DROP TABLE {table}"))
                logger.info("the empty table %s is dropped: tasks refer to %s", stand_in, users)
    except sa.exc.DBAPIError as error:
        # Another table refers to it, a session holds a lock on it, or it has another owner.
        logger.info("the table %s stays although it is of no use: %s", stand_in, error.orig)


# Without the references to single partitions of a partitioned table.
_REFERENCES: Final = """
    SELECT conname, confrelid::bigint, confdeltype FROM pg_constraint JOIN pg_attribute
        ON attrelid = conrelid AND conkey = ARRAY[attnum] AND attname = 'user_id'
    WHERE conrelid = 'tasks'::regclass AND contype = 'f' AND conparentid = 0
"""
# None for a column with its own collation, so that it is altered, as a varchar is.
_OWNER_TYPE: Final = """
    SELECT format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
    WHERE attrelid = 'tasks'::regclass AND attname = 'user_id' AND attcollation = typcollation
"""
_PRIVILEGES: Final = """
    SELECT current_user, has_schema_privilege(:schema, 'USAGE'),
        has_table_privilege(:users, 'REFERENCES') AND has_table_privilege(:users, 'SELECT')
"""
