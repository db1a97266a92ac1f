"""What the embedded PostgreSQL says when it cannot run."""

from application.errors import ApplicationError


class EmbeddedPostgresError(ApplicationError):
    """The embedded PostgreSQL cannot run; the message tells a person why and what to do."""
