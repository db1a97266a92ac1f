"""The forms of a token that ``tasks-api doctor --token`` accepts."""

import io

import pytest

from entrypoints.doctor.token_argument import token_of

WRITTEN = {
    "as it is": "aaa.bbb.ccc",
    "with white space": " aaa.bbb.ccc\r\n",
    "as the header's value": "Bearer aaa.bbb.ccc",
    "as the header": "authorization:  BEARER  aaa.bbb.ccc",
    "as Better Auth returns it": '{\n"token": "aaa.bbb.ccc"}\n',
    "as Better Auth returns it, with white space": '{"token": " aaa.bbb.ccc "}',
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_token_is_taken_as_people_copy_it(written: str) -> None:
    assert token_of(written, io.StringIO()) == "aaa.bbb.ccc"
    assert token_of("-", io.StringIO(written)) == "aaa.bbb.ccc"


@pytest.mark.parametrize(
    "written", ['"aaa.bbb.ccc"', "undefined", "aaa.bbb.ccc;", '{"error": "x"}', "[" * 100_000, "7"]
)
def test_what_a_client_may_send_by_mistake_is_kept(written: str) -> None:
    assert token_of(written, io.StringIO()) == written


@pytest.mark.parametrize("written", ["", " \n", "Bearer", "Bearer \n"])
def test_there_may_be_no_token(written: str) -> None:
    assert token_of("-", io.StringIO(written)) == ""
