"""Authorization: each user acts on their own tasks only."""

from application.errors import Forbidden


def require_owner(*, subject: str, owner: str) -> None:
    """Raise Forbidden unless ``subject`` is ``owner``."""
    if subject != owner:
        raise Forbidden("the path names another user than the token's subject")
