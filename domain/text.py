"""Rules for text: what can be stored, and how the log shows it."""

import re
from typing import Final

QUOTED_MAX: Final = 120
"""Most characters of a text that a message quotes."""

# PostgreSQL cannot store U+0000, and a lone surrogate has no UTF-8 form.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A JSON Web Token begins with a JSON object, which begins with eyJ in base64.
_TOKEN = re.compile(r"eyJ[\w-]*\.[\w-]*(\.[\w-]*)?")


def is_storable(text: str) -> bool:
    """Return whether every storage can keep ``text``: no U+0000 and no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def quoted(text: str) -> str:
    """Return ``text`` in quotes for the log: on one line, escaped and, if long, shortened.

    Clients choose such texts, which may contain a token.
    """
    shown = repr(without_tokens(text[:QUOTED_MAX]))
    return shown if len(text) <= QUOTED_MAX else f"{shown}…"


def without_tokens(text: str) -> str:
    """Return ``text`` with each JSON Web Token, even a partial one, replaced by "[token]"."""
    return _TOKEN.sub("[token]", text)
