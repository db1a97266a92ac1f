"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade(users_table: str) -> None:
    ${upgrades if upgrades else "op.execute(...)"}


def downgrade(users_table: str) -> None:
    ${downgrades if downgrades else "op.execute(...)"}
