"""Inspection of the storage in memory."""

from application.check import Check


class MemoryInspection:
    """Reports that there is no database to inspect."""

    async def checks(self) -> list[Check]:
        """Return one warning: tasks are lost when the process ends."""
        return [
            Check.warning(
                "database",
                "not checked, because STORAGE=memory: tasks are lost when the process ends",
                "unset STORAGE, and set NEON_DB_URL, to keep them",
            )
        ]

    async def check_user(self, subject: str) -> Check:
        """Return that every user can create tasks."""
        return Check.ok("user", "the storage in memory accepts every user")
