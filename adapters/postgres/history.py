"""The schema revision of a database, compared with this program's revisions."""

import logging
from pathlib import Path
from typing import Final

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from application.errors import InvalidConfiguration, SchemaConflict

logger = logging.getLogger(__name__)

VERSION_TABLE: Final = "tasks_api_schema_version"
"""Not Alembic's default name: the database may hold another application's history."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


class History:
    """The revision of a database, and the revisions of this program."""

    def __init__(self, connection: Connection) -> None:
        self._scripts = ScriptDirectory(str(MIGRATIONS))
        options = {"version_table": VERSION_TABLE}
        revisions = MigrationContext.configure(connection, opts=options).get_current_heads()
        if len(revisions) > 1:
            raise SchemaConflict(
                f"the table {VERSION_TABLE} holds more than one revision: {', '.join(revisions)}"
            )
        self.current = revisions[0] if revisions else None
        self.newest = self._scripts.get_current_head()

    @property
    def is_newer_than_this_program(self) -> bool:
        return self.current is not None and not self._is_known(self.current)

    def has_passed(self, revision: str) -> bool:
        """Return whether ``revision`` is applied. Raise InvalidConfiguration if it is unknown."""
        if not self._is_known(revision):
            raise InvalidConfiguration(f"there is no revision {revision}")
        passed = self._scripts.iterate_revisions(self.current or "base", "base")
        return revision in {script.revision for script in passed}

    def warn(self) -> None:
        logger.warning(
            "the schema is at revision %s, made by a newer program than this one, which knows "
            "revisions up to %s; it is left as it is",
            self.current,
            self.newest,
        )

    def _is_known(self, revision: str) -> bool:
        return revision in {script.revision for script in self._scripts.walk_revisions()}
