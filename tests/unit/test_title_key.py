"""The key by which titles are sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.title_key import title_key


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Buy MILK 2", "buy milk 2"),
        ("STRASSE Straße ẞ ﬁn", "strasse strasse ss fin"),
        ("Éclair e\u0301clair ÀÖÜ ångström", "eclair eclair aou angstrom"),
        ("Łódź Øre Đà Nẵng", "lodz ore da nang"),
        ("İstanbul Iğdır", "istanbul igdır"),
        ("ΆΛΦΑ ΐ ᾴ Ὠ", "αλφα ι αι ω"),
        ("Æsir œuvre ĳ ð þ", "æsir œuvre ĳ ð þ"),
        ("½ ± ÷ × 日本", "½ ± ÷ × 日本"),
    ],
)
def test_a_key_has_no_capitals_and_no_accents(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(
    "title", ["й ё ї", "が ぱ", "हिन्दी", "ไทย", "한국어", "שָׁלוֹם", "\u0301", "1\u0301"]
)
def test_marks_of_other_scripts_make_other_letters_and_stay(title: str) -> None:
    assert title_key(title) == title


@given(st.text(min_size=1))
def test_the_key_of_a_key_is_the_same_and_none_is_empty(title: str) -> None:
    key = title_key(title)
    assert key
    assert title_key(key) == key


def test_a_key_has_at_most_four_bytes_for_each_character() -> None:
    # An index row of PostgreSQL has at most 2,704 bytes, the owner's id included.
    characters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert max(len(title_key(character).encode()) for character in characters) == 4
