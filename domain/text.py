"""What every text that is stored or compared must satisfy."""

import re

# PostgreSQL cannot hold U+0000, and a lone surrogate has no UTF-8 form.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether every storage can keep ``text``: no U+0000 and no lone surrogate."""
    return _UNSTORABLE.search(text) is None
