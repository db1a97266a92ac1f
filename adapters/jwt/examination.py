"""Report the result of each check of a token."""

import time

from adapters.jwt.claims import ClaimRules
from adapters.jwt.signature import unverified_claims
from application.errors import InvalidToken
from application.ports.token_verifier import TokenVerifier
from application.token_checks import TokenCheck, TokenFinding, TokenReport

# Each check requires that the ones before it pass.
_BEFORE_CLAIMS = (
    TokenCheck.FORM,
    TokenCheck.ALGORITHM,
    TokenCheck.EXTENSIONS,
    TokenCheck.KEY,
    TokenCheck.SIGNATURE,
)


async def examined(token: str, verifier: TokenVerifier, rules: ClaimRules) -> TokenReport:
    """Return the finding of each check of ``token`` by ``verifier``, which applies ``rules``.

    Claims are examined even if the signature is invalid. Raises KeysUnavailable.
    """
    findings = []
    refusal: InvalidToken | None = None
    try:
        await verifier.subject_of(token)
    except InvalidToken as error:
        refusal = error
    for check in _BEFORE_CLAIMS:
        if refusal is not None and refusal.check is check:
            findings.append(TokenFinding(check, str(refusal)))
            break
        findings.append(TokenFinding(check))
    try:
        claims = unverified_claims(token)
    except InvalidToken:
        return TokenReport(findings, None)
    of_claims = rules.findings(claims, now=time.time())
    has_subject = TokenFinding(TokenCheck.SUBJECT) in of_claims
    return TokenReport([*findings, *of_claims], claims["sub"] if has_subject else None)
