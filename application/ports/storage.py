"""The port for the life cycle of a storage."""

from typing import Protocol


class Storage(Protocol):
    """The life cycle of the storage of tasks: it is prepared, checked and closed."""

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date or, if so configured, check that it is.

        Several processes may do this at once. The storage serves nothing until this has succeeded
        once in this process. Repeating it changes nothing. Raises StorageUnavailable if the storage
        is unreachable, is not ready ``within`` that many seconds (None: no limit), or has to be
        migrated by another program first. Raises SchemaConflict, with nothing changed, if existing
        tables cannot be adopted.
        """
        ...

    async def check(self) -> None:
        """Raise StorageUnavailable unless tasks can be served."""
        ...

    async def close(self) -> None:
        """Close all idle connections. The storage must not be used afterwards."""
        ...
