"""Supervisors of the processes that serve: ``--workers`` and ``--reload``.

A supervisor accepts no connections. It closes its listening socket before it ends its processes:
otherwise new clients would wait in vain. docs/server.md, "Supervising".
"""

import logging
import multiprocessing
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.statreload import StatReload

from entrypoints.server.graceful_server import GracefulServer

_CHECK_EVERY_SECONDS: Final = 0.5

logger = logging.getLogger(__name__)


def run_worker(config: uvicorn.Config, sockets: list[socket.socket]) -> None:
    """Serve in a worker process until a signal."""
    with suppress(KeyboardInterrupt):
        GracefulServer(config).run(sockets)


class Workers:
    """``config.workers`` processes that share sockets. A process that dies is replaced."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        self._config = config
        self._sockets = sockets
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._stopping = False

    def run(self) -> None:
        """Serve until the first signal; a second one kills the remaining workers.

        If a worker cannot start, exit with uvicorn's code: the others could not start either.
        """
        # SIGHUP, too: by default it would end only the supervisor.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        while len(self._processes) < self._config.workers and not self._stopping:
            self._processes.append(self._start())
        failed = False
        while not (self._stopping or failed):
            wait([process.sentinel for process in self._processes], _CHECK_EVERY_SECONDS)
            failed = self._replace_dead_workers()
        for each in self._sockets:
            each.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        if failed:
            sys.exit(STARTUP_FAILURE)

    def _start(self) -> SpawnProcess:
        process = self._context.Process(target=run_worker, args=(self._config, self._sockets))
        process.start()
        return process

    def _replace_dead_workers(self) -> bool:
        for index, process in enumerate(self._processes):
            if self._stopping or process.is_alive():
                continue
            if process.exitcode == STARTUP_FAILURE:
                logger.error("worker %s could not start: the service ends", process.pid)
                return True
            logger.error("worker %s died with code %s", process.pid, process.exitcode)
            self._processes[index] = self._start()
        return False

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            for process in self._processes:
                process.kill()
            sys.exit(128 + number)
        self._stopping = True


class SignalEvent(threading.Event):
    """Event that signal handlers set. It has no lock, because a nested signal would wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._happened = False

    def set(self) -> None:
        """Record the signal."""
        self._happened = True

    def is_set(self) -> bool:
        """Return whether a signal was received."""
        return self._happened

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep for ``timeout`` seconds; return whether a signal was received."""
        time.sleep(timeout or 0)
        return self._happened


class Reload(StatReload):
    """One process that restarts when the code changes."""

    def __init__(
        self,
        config: uvicorn.Config,
        target: Callable[[list[socket.socket] | None], None],
        sockets: list[socket.socket],
    ) -> None:
        super().__init__(config, target, sockets)
        self.should_exit = SignalEvent()

    def signal_handler(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully at the first signal, and at once at the second."""
        if self.should_exit.is_set():
            self.process.kill()
            sys.exit(128 + sig)
        super().signal_handler(sig, frame)

    def shutdown(self) -> None:
        """Stop listening, then end the process."""
        for each in self.sockets:
            each.close()
        super().shutdown()
