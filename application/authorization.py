"""Authorization: users may only access their own tasks."""

from application.errors import Forbidden
from domain.text import quoted


def require_owner(*, subject: str, owner: str) -> None:
    """Raise Forbidden unless ``subject`` is ``owner``."""
    if subject != owner:
        raise Forbidden(
            f"the path names the user {quoted(owner)}, but the token is that of {quoted(subject)}"
        )
