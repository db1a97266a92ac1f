"""The findings with which a token is accepted."""

import pytest

from application.token_checks import TokenCheck, TokenFinding, TokenReport

PASSED = TokenFinding(TokenCheck.FORM)
FAILED = TokenFinding(TokenCheck.EXPIRY, "the token has expired")


@pytest.mark.parametrize(
    ("findings", "accepted"),
    [([PASSED], True), ([FAILED], False), ([PASSED, FAILED], False), ([FAILED, PASSED], False)],
)
def test_a_token_is_accepted_if_no_check_has_found_a_problem(
    findings: list[TokenFinding], accepted: bool
) -> None:
    assert TokenReport(findings, "ada").is_accepted is accepted
