"""The types that users' ids may have, and the spelling of an id of each type."""

import re
from enum import StrEnum
from typing import Final

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NUMBER: Final = "0|[1-9][0-9]{0,18}"
"""Longer numbers are beyond every integer type."""


class IdType(StrEnum):
    """A type of ``id`` in a users table, with PostgreSQL's name; varchar counts as text."""

    TEXT = "text"
    UUID = "uuid"
    INTEGER = "integer"
    BIGINT = "bigint"

    def admits(self, subject: str) -> bool:
        """Return whether ``subject`` is an id of this type in its canonical spelling.

        PostgreSQL accepts several spellings of a uuid or a number, and rejects other texts with an
        error. Only one spelling may name a user.
        """
        if self is IdType.TEXT:
            return True
        if self is IdType.UUID:
            return re.fullmatch(_UUID, subject) is not None
        return re.fullmatch(_NUMBER, subject) is not None and int(subject) <= self._largest

    @property
    def condition(self) -> str:
        """The SQL form of ``admits``, for the text ``spelling``."""
        if self is IdType.TEXT:
            return "true"
        if self is IdType.UUID:
            return f"spelling ~ '^({_UUID})$'"
        within = f"spelling::numeric <= {self._largest}"
        # CASE, because AND does not define which side is evaluated first.
        return f"CASE WHEN spelling ~ '^({_NUMBER})$' THEN {within} ELSE false END"

    @property
    def _largest(self) -> int:
        return 2**31 - 1 if self is IdType.INTEGER else 2**63 - 1
