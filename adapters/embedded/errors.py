"""The error of the embedded PostgreSQL."""

from application.errors import ApplicationError


class EmbeddedPostgresError(ApplicationError):
    """The embedded PostgreSQL cannot run. The message says why, and what to do."""
