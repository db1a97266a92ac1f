"""Rules for text: which can be stored or compared, and how the log shows it."""

import re
from typing import Final

QUOTED_MAX: Final = 120
"""Most characters of a text that a message quotes."""

# PostgreSQL cannot hold U+0000, and a lone surrogate has no UTF-8 form.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The header of a JSON Web Token is a JSON object, which begins so in base64.
_TOKEN = re.compile(r"eyJ[\w-]*\.[\w-]*(\.[\w-]*)?")


def is_storable(text: str) -> bool:
    """Return whether every storage can keep ``text``: no U+0000 and no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def quoted(text: str) -> str:
    """Return ``text`` in quotes for the log: on one line, escaped, and shortened if it is long.

    A client chooses such texts, and may have put a token there.
    """
    shown = repr(without_tokens(text[:QUOTED_MAX]))
    return shown if len(text) <= QUOTED_MAX else f"{shown}…"


def without_tokens(text: str) -> str:
    """Return ``text`` with "[token]" in the place of each JSON Web Token, whole or cut off."""
    return _TOKEN.sub("[token]", text)
