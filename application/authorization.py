"""Who may act for whom."""

from application.errors import Forbidden


def require_owner(*, subject: str, owner: str) -> None:
    """Let a user act for themselves alone: raise Forbidden unless ``subject`` is ``owner``."""
    if subject != owner:
        raise Forbidden("the path names another user than the token's subject")
