"""The port for the life cycle of a storage."""

from typing import Protocol


class Storage(Protocol):
    """The storage of tasks, as something that is prepared, checked and closed."""

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date or, if so configured, check that it is.

        Any number of processes may do this at once. Until it has succeeded once in this process,
        the storage serves nothing. Repeating it changes nothing. Raises StorageUnavailable if the
        storage is unreachable, is not ready ``within`` so many seconds (None: no limit), or has
        not been made ready by another program yet; and SchemaConflict, with nothing changed, if
        existing tables cannot be adopted.
        """
        ...

    async def check(self) -> None:
        """Return if tasks can be served; otherwise raise StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Close every idle connection at once. The storage must not be used afterwards."""
        ...
