"""The life cycle of memory, which needs none."""


class MemoryStorage:
    """Always ready."""

    async def prepare(self, *, within: float | None = None) -> None:
        """There is no schema."""

    async def check(self) -> None:
        """Memory is always in reach."""

    async def close(self) -> None:
        """There is nothing to let go of."""
