"""What a client sent, as a log line can show it."""

import re
from typing import Final

from domain.text import without_tokens

_MOST_CHARACTERS: Final = 120
_NOT_PRINTABLE: Final = re.compile(rb"[^\x21-\x7e]")


def printable(sent: str | bytes) -> str:
    """Return ``sent`` as printable ASCII, escaped as in a URL, of at most 120 characters.

    A token in it is left out.
    """
    raw = sent.encode("latin-1", "replace") if isinstance(sent, str) else sent
    escaped = _NOT_PRINTABLE.sub(lambda found: b"%%%02X" % found[0][0], raw[:_MOST_CHARACTERS])
    text = escaped.decode()
    cut_off = len(raw) > _MOST_CHARACTERS or len(text) > _MOST_CHARACTERS
    return without_tokens(f"{text[: _MOST_CHARACTERS - 3]}..." if cut_off else text)
