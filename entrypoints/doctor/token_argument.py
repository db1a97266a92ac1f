"""Read the token argument of ``tasks-api doctor``."""

import json
import re
from typing import Final, TextIO

_HEADER: Final = re.compile(r"(?:authorization:\s*)?bearer(?:\s+|$)", re.IGNORECASE)


def token_of(argument: str, standard_input: TextIO) -> str:
    """Return the token in ``argument``, or in ``standard_input`` for ``-``. It may be empty.

    It may have the form of a header, or of the JSON that Better Auth's /api/auth/token returns. Any
    other text is kept, because a client could send it as well.
    """
    text = (standard_input.read() if argument == "-" else argument).strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict) and isinstance(document.get("token"), str):
        text = document["token"].strip()
    return _HEADER.sub("", text, count=1) if _HEADER.match(text) else text
