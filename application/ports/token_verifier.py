"""The port for verifying tokens."""

from collections.abc import Mapping
from typing import Protocol

from application.token_checks import TokenReport


class TokenVerifier(Protocol):
    """Verifies tokens, and returns the users to whom they were issued."""

    async def subject_of(self, token: str) -> str:
        """Return the id of the user to whom ``token`` was issued: storable text, never empty.

        ``token`` may be any text. Raises ExpiredToken if it is genuine but has expired,
        InvalidToken if it is not genuine, and KeysUnavailable if the keys to verify it cannot be
        fetched.
        """
        ...


class TokenExaminer(TokenVerifier, Protocol):
    """A verifier that also reports its requirements, and why it refuses a token."""

    @property
    def requirements(self) -> str:
        """A sentence for the log: the keys, the issuer and the audience that tokens must have."""
        ...

    async def keys(self) -> Mapping[str | None, str]:
        """Return the algorithm of each key that verifies tokens, by the key's id.

        Fetches them if necessary. Raises KeysUnavailable if that fails; its message names the
        setting, the server and the reason.
        """
        ...

    async def examine(self, token: str) -> TokenReport:
        """Return the findings for ``token``. All checks pass if and only if ``subject_of`` accepts
        it.

        Raises KeysUnavailable.
        """
        ...
