"""The port for the life cycle of a storage."""

from typing import Protocol


class Storage(Protocol):
    """Where tasks are kept, seen as something that is made ready, checked and closed."""

    async def prepare(self, *, within: float | None = None) -> None:
        """Bring the schema up to date, or see that somebody else has, as is configured.

        Any number of processes may do so at once. Until it has succeeded once in this process, the
        storage serves nothing. Doing it again changes nothing. Raises StorageUnavailable when the
        storage is out of reach, when it is not ready ``within`` so many seconds (None: however
        long it takes), or when somebody else has not made it ready yet; and SchemaConflict, leaving
        everything as it was, when tables that are already there cannot be adopted.
        """
        ...

    async def check(self) -> None:
        """Return when tasks can be served; otherwise raise StorageUnavailable."""
        ...

    async def close(self) -> None:
        """Let go of every connection that nobody uses, at once. Nothing may be asked afterwards."""
        ...
