"""The key id is read from the header part of a token alone."""

import base64
import json

import pytest

from adapters.jwt.token_header import HEADER_MAX, header_of, key_id_of
from application.errors import InvalidToken
from tests.key_set.signing_keys import signing_key


def header_part(header: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")


def test_the_parts_after_the_header_are_not_decoded() -> None:
    part = signing_key(kid="first").token().partition(".")[0]
    for rest in ("", ".", ".!.!", ".a.b.c.d"):
        assert key_id_of(header_of(part + rest)) == "first"


@pytest.mark.parametrize("kid", ["", "k", "kk", "kkk", "kid/+_-", "é\u2028"])
def test_a_header_of_any_length_is_read(kid: str) -> None:
    assert key_id_of(header_of(header_part({"alg": "EdDSA", "kid": kid}))) == kid


def test_a_header_without_a_kid_names_none() -> None:
    assert key_id_of(header_of(header_part({"alg": "EdDSA"}))) is None


def test_a_header_over_the_limit_is_not_decoded() -> None:
    longest = header_part({"alg": "EdDSA", "x": "a" * (HEADER_MAX * 3 // 4 - 25)})
    assert len(longest) == HEADER_MAX
    assert key_id_of(header_of(longest)) is None
    with pytest.raises(InvalidToken, match=f"more than {HEADER_MAX}"):
        header_of(longest + "A")
