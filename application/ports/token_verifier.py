"""The port for verifying tokens."""

from typing import Protocol


class TokenVerifier(Protocol):
    """Decides whether a token is genuine, and which user it was issued to."""

    async def subject_of(self, token: str) -> str:
        """Return the id of the user to whom ``token`` was issued: storable text, never empty.

        ``token`` may be any text. Raises ExpiredToken if it is genuine but has expired,
        InvalidToken if it is not genuine, and Unavailable if the keys to decide that cannot be
        fetched.
        """
        ...
