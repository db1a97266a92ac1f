"""The key by which titles are sorted."""

import re
import unicodedata
from typing import Final

# Blocks of Unicode with Latin and Greek letters that have accents. Their characters' names are
# fixed, so that every version of Python derives the same letters from them.
_BLOCKS: Final = (range(0x00E0, 0x0250), range(0x0370, 0x0400), range(0x1E00, 0x2000))

_ACCENTS: Final = re.compile("(?<=[a-z\u00e0-\u024f\u0370-\u03ff])[\u0300-\u036f]+")
"""Combining accents after such a letter."""


def title_key(title: str) -> str:
    """Return ``title`` without differences of letter case and without accents.

    Titles are sorted by the code points of their keys. Only Latin and Greek letters lose their
    accents: in other scripts a mark makes another letter, or a vowel. The key of a title has no
    more than 4 bytes in UTF-8 for each character.
    """
    folded = title.casefold()
    if folded.isascii():
        return folded
    return _ACCENTS.sub("", folded.translate(_LETTERS))


def _letters() -> dict[int, str]:
    # "LATIN SMALL LETTER O WITH STROKE" is an o, which no decomposition of Unicode says.
    letters = {}
    for code in (code for block in _BLOCKS for code in block):
        letter, is_accented, _ = unicodedata.name(chr(code), "").partition(" WITH ")
        if is_accented:
            try:
                letters[code] = unicodedata.lookup(letter).casefold()
            except KeyError:
                # A symbol, whose name is no letter's name and an accent.
                continue
    return letters


_LETTERS: Final = _letters()
