"""The rule that every stored or compared text must satisfy."""

import re

# PostgreSQL cannot hold U+0000, and a lone surrogate has no UTF-8 form.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Return whether every storage can keep ``text``: no U+0000 and no lone surrogate."""
    return _UNSTORABLE.search(text) is None
