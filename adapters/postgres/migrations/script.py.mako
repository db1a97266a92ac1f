"""${message}."""

from alembic import op

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade(users) -> None:
    op.execute("...")


def downgrade(users) -> None:
    op.execute("...")
