"""Undo what a command of the service changes about the logging of its process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from entrypoints.logs import _NOISY_LOGGERS


@contextmanager
def restored_logging() -> Iterator[None]:
    """Let ``entrypoints.logs.configure`` hold within this block only."""
    loggers = [logging.root, *map(logging.getLogger, _NOISY_LOGGERS)]
    levels = [logger.level for logger in loggers]
    handlers, source_file = logging.root.handlers, logging._srcfile
    # Configuring closes the handlers that it finds.
    logging.root.handlers = []
    try:
        yield
    finally:
        logging.root.handlers, logging._srcfile = handlers, source_file
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
