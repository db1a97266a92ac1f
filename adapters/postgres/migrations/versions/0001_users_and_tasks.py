"""Create the users table and the tasks table, or adopt existing ones."""

import sqlalchemy as sa
from alembic import op

from adapters.postgres.migrations.adoption import adopt_tasks
from adapters.postgres.migrations.users import provide_users

revision = "0001"
down_revision = None


def upgrade(users_table: str) -> None:
    connection = op.get_bind()
    provide_users(connection, users_table)
    if sa.inspect(connection).has_table("tasks"):
        adopt_tasks(connection, users_table)
    else:
        _create_tasks(users_table)
    _create_indexes()


def downgrade(users_table: str) -> None:
    """Change nothing: the tables hold users' data, and upgrading adopts them again."""


def _create_tasks(users_table: str) -> None:
    now = sa.func.now()
    timestamp = sa.DateTime(timezone=True)
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("completed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", timestamp, nullable=False, server_default=now),
        sa.Column("updated_at", timestamp, nullable=False, server_default=now),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="tasks_title_length"),
        sa.CheckConstraint("char_length(description) <= 1000", name="tasks_description_length"),
        sa.ForeignKeyConstraint(
            ["user_id"], [f"{users_table}.id"], name="tasks_user_id_fkey", ondelete="CASCADE"
        ),
    )


def _create_indexes() -> None:
    op.create_index(
        "tasks_user_created", "tasks", ["user_id", "created_at", "id"], if_not_exists=True
    )
    op.create_index(
        "tasks_user_completed_created",
        "tasks",
        ["user_id", "completed", "created_at", "id"],
        if_not_exists=True,
    )
