"""The port for the life cycle of a storage."""

from typing import Protocol


class Storage(Protocol):
    """Where tasks are kept, seen as something that is made ready, checked and closed."""

    async def prepare(self) -> None:
        """Bring the schema up to date; any number of processes may do so at once.

        Doing it again changes nothing. Raises StorageUnavailable when the storage is out of
        reach, and SchemaConflict, leaving everything as it was, when tables that are already
        there cannot be adopted.
        """
        ...

    async def check(self) -> None:
        """Return when tasks can be served; otherwise raise StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of every connection. Nothing may be asked afterwards."""
        ...
