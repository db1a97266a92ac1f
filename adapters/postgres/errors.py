"""Errors that this adapter distinguishes from other unavailability."""

from application.errors import StorageUnavailable


class NotServable(StorageUnavailable):
    """The database answers, and its tables cannot be served as they are.

    The message says what is wrong, in which table, and what to do.
    """
