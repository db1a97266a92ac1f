"""Make what a client sent safe to log."""

import re
from typing import Final

from domain.text import QUOTED_MAX, without_tokens

_NOT_PRINTABLE: Final = re.compile(rb"[^\x21-\x7e]")


def printable(sent: str | bytes) -> str:
    """Return ``sent`` as printable ASCII, escaped as in a URL, of at most QUOTED_MAX characters.

    Tokens are removed.
    """
    raw = sent.encode("latin-1", "replace") if isinstance(sent, str) else sent
    escaped = _NOT_PRINTABLE.sub(lambda found: b"%%%02X" % found[0][0], raw[:QUOTED_MAX])
    text = escaped.decode()
    cut_off = len(raw) > QUOTED_MAX or len(text) > QUOTED_MAX
    return without_tokens(f"{text[: QUOTED_MAX - 3]}..." if cut_off else text)
