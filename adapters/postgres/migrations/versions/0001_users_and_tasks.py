"""Create the tasks table, or adopt an existing one."""

import logging

import sqlalchemy as sa
from alembic import op

from adapters.postgres.migrations.adoption import adopt_tasks
from adapters.postgres.migrations.indexes import provide_indexes
from adapters.postgres.migrations.title_keys import title_key_column
from adapters.postgres.migrations.users import COLUMN_TYPES, refer_to_users
from adapters.postgres.users_table import UsersTable

revision = "0001"
down_revision = None


logger = logging.getLogger(__name__)


def upgrade(users: UsersTable) -> None:
    connection = op.get_bind()
    there = sa.inspect(connection)
    if there.has_table("tasks"):
        adopt_tasks(connection, users)
    else:
        if there.has_table("task"):
            logger.warning(
                "the table tasks is made beside a table task, which stays as it is: if that holds "
                "the tasks, drop the new one, rename task to tasks and start again"
            )
        _create_tasks(users)
    provide_indexes(connection)


def downgrade(users: UsersTable) -> None:
    """Keep the tables, because they hold users' data; upgrading adopts them again."""


def _create_tasks(users: UsersTable) -> None:
    now = sa.func.now()
    timestamp = sa.DateTime(timezone=True)
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("user_id", COLUMN_TYPES[users.id_type], nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        title_key_column(),
        sa.Column("description", sa.Text),
        sa.Column("completed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", timestamp, nullable=False, server_default=now),
        sa.Column("updated_at", timestamp, nullable=False, server_default=now),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="tasks_title_length"),
        sa.CheckConstraint("char_length(description) <= 1000", name="tasks_description_length"),
        sa.PrimaryKeyConstraint("user_id", "id"),
    )
    refer_to_users(op.get_bind(), users)
