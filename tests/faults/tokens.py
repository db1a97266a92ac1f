"""Tokens that the service under test accepts."""

from datetime import timedelta

from adapters.jwt.shared_secret import mint
from tests.process.service import SECRET


def token(user: str) -> str:
    """A token of ``user``, valid for longer than any test takes."""
    return mint(
        secret=SECRET, subject=user, lifetime=timedelta(hours=1), issuer=None, audience=None
    )
