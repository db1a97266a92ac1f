"""Authorization: each user acts on their own tasks only."""

from application.errors import Forbidden
from domain.text import quoted


def require_owner(*, subject: str, owner: str) -> None:
    """Raise Forbidden unless ``subject`` is ``owner``."""
    if subject != owner:
        raise Forbidden(
            f"the path names the user {quoted(owner)}, but the token is that of {quoted(subject)}"
        )
