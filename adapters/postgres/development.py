"""Create users, for development only."""

import sqlalchemy as sa

from adapters.postgres.database import Database
from adapters.postgres.following import users_in_use
from application.errors import SchemaConflict


async def create_user(*, database: Database, user_id: str) -> None:
    """Insert a users row for ``user_id`` if it is missing. In production Better Auth does so.

    Raise SchemaConflict if the table requires more than an id, or ids of another type;
    StorageUnavailable if the database is out of reach; InvalidConfiguration if several tables may
    hold the users.
    """
    await database.preparation.run(lambda connection: _insert(connection, database, user_id))


def _insert(connection: sa.Connection, database: Database, user_id: str) -> None:
    users = users_in_use(connection, database.users_table)
    if users is None:
        raise SchemaConflict("there is no users table yet: run `tasks-api migrate`")
    if not users.id_type.admits(user_id):
        raise SchemaConflict(
            f"{user_id!r} is no id of the table {users}, whose ids are of the type {users.id_type}"
        )
    table = sa.table(users.name, sa.column("id"), schema=users.schema)
    new = sa.select(sa.cast(user_id, sa.Text).op("::")(sa.literal_column(users.id_type.value)))
    exists = sa.exists().where(sa.cast(table.c.id, sa.Text) == user_id)
    try:
        connection.execute(sa.insert(table).from_select(["id"], new.where(~exists)))
    except sa.exc.IntegrityError as error:
        raise SchemaConflict(
            f"the table {users} wants more than an id: sign this user up in your frontend"
        ) from error
