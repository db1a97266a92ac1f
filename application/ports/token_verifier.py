"""The port for verifying tokens."""

from collections.abc import Mapping
from typing import Protocol

from application.token_checks import TokenReport


class TokenVerifier(Protocol):
    """Decides whether a token is genuine, and which user it was issued to."""

    async def subject_of(self, token: str) -> str:
        """Return the id of the user to whom ``token`` was issued: storable text, never empty.

        ``token`` may be any text. Raises ExpiredToken if it is genuine but has expired,
        InvalidToken if it is not genuine, and KeysUnavailable if the keys to decide that cannot be
        fetched.
        """
        ...


class TokenExaminer(TokenVerifier, Protocol):
    """A verifier that also tells people what it requires, and why it refuses a token."""

    @property
    def requirements(self) -> str:
        """A sentence for the log: the keys, the issuer and the audience that tokens must have."""
        ...

    async def keys(self) -> Mapping[str | None, str]:
        """Return the algorithm of each key that verifies tokens, by the key's id.

        Keys that have not been fetched are fetched. Raises KeysUnavailable if that fails: its
        message names the setting, the server and the reason.
        """
        ...

    async def examine(self, token: str) -> TokenReport:
        """Return what each check of ``token`` finds: all pass exactly if ``subject_of`` accepts it.

        Raises KeysUnavailable.
        """
        ...
