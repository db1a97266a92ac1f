"""The port for proving who sent a request."""

from typing import Protocol


class TokenVerifier(Protocol):
    """Decides whether a token is genuine and whose it is."""

    async def subject_of(self, token: str) -> str:
        """The id of the user to whom ``token`` was issued: never empty, storable text.

        Any text may be passed in. Raises ExpiredToken when a genuine token's time is over,
        InvalidToken for every other token that proves nothing, and Unavailable when the keys
        to decide are out of reach.
        """
        ...
