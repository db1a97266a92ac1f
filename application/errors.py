"""Errors of use cases and adapters. Each states a fact; entrypoints/http maps it to a status.

Messages are for the log. They contain no token, no secret and no text of a task.
"""

from application.token_checks import TokenCheck


class ApplicationError(Exception):
    """Base of the errors in this file."""

    def __str__(self) -> str:
        """Return the message or, because a log line must not end with a colon, the class's name."""
        return super().__str__() or type(self).__name__


class TaskNotFound(ApplicationError):
    """The user has no task with this number, whether or not another user has."""

    def __init__(self, message: str = "the user has no task with this number") -> None:
        super().__init__(message)


class TaskChanged(ApplicationError):
    """The task has changed since the caller read it, so the operation was not carried out."""

    def __init__(self) -> None:
        super().__init__("the task has changed since the caller read it")


class TaskLimitReached(ApplicationError):
    """The user has the largest allowed number of tasks, which the message states."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A user can have at most {limit} tasks; delete some first")


class Forbidden(ApplicationError):
    """The token's subject may not act for the user in the path."""


class MissingToken(ApplicationError):
    """The request has no usable bearer token."""


class InvalidToken(ApplicationError):
    """The token does not prove the bearer's identity; ``check`` is the check that failed.

    The message is a sentence: the setting, its value, and what the token has instead.
    """

    def __init__(self, check: TokenCheck, message: str) -> None:
        super().__init__(message)
        self.check = check


class ExpiredToken(InvalidToken):
    """The token is genuine but has expired: the client should fetch a new one."""

    def __init__(self, message: str) -> None:
        super().__init__(TokenCheck.EXPIRY, message)


class UnknownUser(ApplicationError):
    """The user has no row in the users table: deleted, or USERS_TABLE names the wrong table."""


class Unavailable(ApplicationError):
    """A dependency of the service does not respond; a retry may help."""


class KeysUnavailable(Unavailable):
    """The keys that verify tokens cannot be fetched. The message names the setting and why."""


class StorageUnavailable(Unavailable):
    """The storage is unreachable, too slow or not ready.

    A change that was under way may have been made or not.
    """


class InvalidConfiguration(ApplicationError):
    """An adapter cannot work with its settings; the message names the setting, not its value."""


class SchemaConflict(ApplicationError):
    """Tables of the database cannot be adopted; the message says which and why."""
