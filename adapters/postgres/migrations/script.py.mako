"""${message}."""

from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade(users_table: str) -> None:
    op.execute("...")


def downgrade(users_table: str) -> None:
    op.execute("...")
