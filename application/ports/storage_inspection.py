"""The port for inspecting the storage without changing it."""

from typing import Protocol

from application.check import Check


class StorageInspection(Protocol):
    """Checks whether the storage can serve tasks. Neither method changes anything or raises.

    Both end within a fixed time. A check that cannot be made is a failure.
    """

    async def checks(self) -> list[Check]:
        """Return whether each thing that serving takes is there, in the order of a start."""
        ...

    async def check_user(self, subject: str) -> Check:
        """Return whether the user whom a token names as ``subject`` can create tasks."""
        ...
