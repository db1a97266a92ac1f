"""The name of a table, in the form of the setting USERS_TABLE."""

import re
from typing import Final, NamedTuple

from application.errors import InvalidConfiguration

_NAME_MAX_BYTES: Final = 63
_PART: Final = r'"(?:[^"]|"")+"|[^".][^.]*'
_NAME: Final = re.compile(rf"(?:({_PART})\.)?({_PART})")
_NEEDS_QUOTES: Final = re.compile(r'[."]')


class TableName(NamedTuple):
    """The name of a table, with its schema or to be found by the search path."""

    name: str
    schema: str | None = None

    @classmethod
    def parse(cls, text: str) -> "TableName":
        """Read ``table`` or ``schema.table``, each with or without quotes.

        Capitals are always kept. Raise InvalidConfiguration if ``text`` is not such a name.
        """
        match = _NAME.fullmatch(text)
        parts = [] if match is None else [_unquoted(part) for part in match.groups() if part]
        if not parts or any(len(part.encode()) > _NAME_MAX_BYTES for part in parts):
            raise InvalidConfiguration(
                "USERS_TABLE must be the name of a table, or schema.table, each of at most "
                f"{_NAME_MAX_BYTES} bytes"
            )
        return cls(parts[-1], parts[0] if len(parts) > 1 else None)

    def __str__(self) -> str:
        """Return the name in the form that ``parse`` reads."""
        return ".".join(_quoted(part) for part in (self.schema, self.name) if part is not None)


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def _quoted(part: str) -> str:
    if _NEEDS_QUOTES.search(part) is None:
        return part
    doubled = part.replace('"', '""')
    return f'"{doubled}"'
