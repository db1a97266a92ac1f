"""Run the migrations on the caller's connection and in its transaction."""

import logging
from typing import Any

from alembic import context
from alembic.util import CommandError

from adapters.postgres.history import VERSION_TABLE

logger = logging.getLogger("adapters.postgres.migrations")


def _announce(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    logger.info("the schema is at revision %s: %s", step.up_revision_id, step.up_revision.doc)


config = context.config
if "connection" not in config.attributes:
    raise CommandError(
        "only `tasks-api migrate` and `make run` reach a database here: "
        "of alembic's own commands, use `revision` and `history`"
    )
context.configure(
    connection=config.attributes["connection"],
    on_version_apply=_announce,
    version_table=VERSION_TABLE,
)
context.run_migrations(users=config.attributes["users"])
