"""The port for inspecting the storage without changing it."""

from typing import Protocol

from application.check import Check


class StorageInspection(Protocol):
    """Checks whether the storage can serve tasks. The methods change nothing and never raise.

    They end within a fixed time. A check that cannot be made is a failure.
    """

    async def checks(self) -> list[Check]:
        """Return a check for each requirement of serving, in the order of a start."""
        ...

    async def check_user(self, subject: str) -> Check:
        """Return a check of whether the user ``subject`` of a token can create tasks."""
        ...
