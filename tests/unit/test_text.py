"""Quoting a client's text in a message."""

import pytest

from domain.text import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada", "'ada'"),
        ("", "''"),
        ("é", "'é'"),
        ("it's", '"it\'s"'),
        ("a\r\nb", r"'a\r\nb'"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("\u2028\u202e", r"'\u2028\u202e'"),
        ("\ud800", r"'\ud800'"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", "'[token]'"),
        ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ, b", "'a [token], b'"),
        ("eyJ" + "x" * 60 + "." + "y" * 60 + ".z", "'[token]'…"),
        ("x" * 120, f"'{'x' * 120}'"),
        ("x" * 121, f"'{'x' * 120}'…"),
    ],
)
def test_a_text_is_quoted_on_one_line_and_shortened(text: str, shown: str) -> None:
    assert quoted(text) == shown
