"""Create users, for development only."""

import psycopg
from psycopg import sql

from adapters.postgres.dsn import Dsn
from application.errors import SchemaConflict, StorageUnavailable


async def create_user(*, url: str, users_table: str, user_id: str) -> None:
    """Insert a users row for ``user_id`` unless it exists. In production Better Auth does so.

    Raises SchemaConflict if the table requires more than an id, and StorageUnavailable if the
    database cannot be reached.
    """
    statement = sql.SQL("INSERT INTO {} (id) VALUES (%s) ON CONFLICT (id) DO NOTHING").format(
        sql.Identifier(users_table)
    )
    try:
        async with await Dsn(url).connect(autocommit=True) as connection:
            await connection.execute(statement, [user_id])
    except psycopg.IntegrityError as error:
        raise SchemaConflict(
            f"the table {users_table} wants more than an id: sign this user up in your frontend"
        ) from error
    except psycopg.Error as error:
        raise StorageUnavailable(error.diag.message_primary or str(error)) from error
