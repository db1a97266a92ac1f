"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade(users_table: str) -> None:
    op.execute("...")


def downgrade(users_table: str) -> None:
    op.execute("...")
