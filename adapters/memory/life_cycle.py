"""Life cycle of storage in memory."""


class MemoryStorage:
    """Always ready."""

    async def prepare(self, *, within: float | None = None) -> None:
        """Do nothing: there is no schema."""

    async def check(self) -> None:
        """Return: memory is always available."""

    async def close(self) -> None:
        """Do nothing: there is no connection."""
