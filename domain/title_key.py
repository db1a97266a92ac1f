"""The key by which titles are sorted."""

import re
import unicodedata
from typing import Final

# Unicode blocks of Latin and Greek letters with accents. Names of characters never change, so every
# version of Python derives the same letters from them.
_BLOCKS: Final = (range(0x00E0, 0x0250), range(0x0370, 0x0400), range(0x1E00, 0x2000))

_ACCENTS: Final = re.compile("(?<=[a-z\u00e0-\u024f\u0370-\u03ff])[\u0300-\u036f]+")
"""Combining accents after a Latin or Greek letter."""


def title_key(title: str) -> str:
    """Return ``title`` with its letter case folded and without accents.

    Titles are sorted by the code points of their keys. Only Latin and Greek letters lose their
    accents: in other scripts a mark makes another letter, or is a vowel. A key has at most 4 bytes
    in UTF-8 for each character of the title.
    """
    folded = title.casefold()
    if folded.isascii():
        return folded
    return _ACCENTS.sub("", folded.translate(_LETTERS))


def _letters() -> dict[int, str]:
    # By name, because Unicode has no decomposition for some: "LATIN SMALL LETTER O WITH STROKE".
    letters = {}
    for code in (code for block in _BLOCKS for code in block):
        letter, is_accented, _ = unicodedata.name(chr(code), "").partition(" WITH ")
        if is_accented:
            try:
                letters[code] = unicodedata.lookup(letter).casefold()
            except KeyError:
                # A symbol: the first part of its name is not the name of a letter.
                continue
    return letters


_LETTERS: Final = _letters()
