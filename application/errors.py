"""The facts that a use case or an adapter can state. What they mean in HTTP is the edge's business.

Messages are written for the log; none holds a token, a secret or a task's text.
"""


class ApplicationError(Exception):
    """Base of every error that use cases and adapters raise on purpose."""


class TaskNotFound(ApplicationError):
    """The user has no task with this number, whether or not somebody else has."""


class TaskChanged(ApplicationError):
    """The task is no longer as the caller saw it last; nothing has been done to it."""


class TaskLimitReached(ApplicationError):
    """The user has as many tasks as one user may have. The message says how many."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"A user can have at most {limit} tasks; delete some first")


class Forbidden(ApplicationError):
    """The token's subject may not act for the user in the path."""


class MissingToken(ApplicationError):
    """The request has no usable bearer token."""


class InvalidToken(ApplicationError):
    """The token is not one that proves who its bearer is. The message says why."""


class ExpiredToken(InvalidToken):
    """The token is genuine but its time is over: the client should fetch a new one."""


class UnknownUser(ApplicationError):
    """The user has no row in the users table: deleted, or the wrong table is configured."""


class Unavailable(ApplicationError):
    """Something that the service depends on does not answer; trying again later may help."""


class StorageUnavailable(Unavailable):
    """The storage is out of reach, too slow or not ready.

    Whether a change that was under way has happened is not known.
    """


class InvalidConfiguration(ApplicationError):
    """An adapter cannot work as it is configured; the message names the setting, not its value."""


class SchemaConflict(ApplicationError):
    """The database holds tables that cannot be adopted; the message says which and why."""
