"""A private PostgreSQL server for development and tests."""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.embedded import postmaster_file
from adapters.embedded.data_folder import DATABASE, SUPERUSER, check_data, create_data
from adapters.embedded.errors import EmbeddedPostgresError, UnusableDataFolder
from adapters.embedded.folder_lock import folder_lock
from adapters.embedded.programs import Programs, find_programs
from adapters.embedded.replacing import replace_text

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

_PORT = "5432"  # Not a TCP port, but a part of the socket's name.
_START_SECONDS = 60
_STOP_SECONDS = 10
_LOG_LINES_SHOWN = 15
_LEAST_FREE_BYTES = 1 << 20


class EmbeddedPostgres:
    """A server with its data in `folder`, open only to this user on this machine.

    `options` are further server settings, such as `{"fsync": "off"}`.

    On Linux with setpriv the server ends with the *thread* that called `start`, even if the process
    is killed. So that thread must live as long as the server is needed. On other systems the next
    `start` ends a server that was left behind.
    """

    def __init__(self, folder: Path, options: Mapping[str, str] = {}) -> None:
        self._folder = folder.resolve()
        self._data = self._folder / "data"
        self._log = self._folder / "server.log"
        self._options = options
        self._running = ExitStack()
        self._url = ""

    @property
    def url(self) -> str:
        """The superuser's URL of the database `tasks`; it changes with each start."""
        if not self._url:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not running.")
        return self._url

    def start(self) -> None:
        """Start the server and wait until it accepts connections.

        Raises EmbeddedPostgresError; then nothing is left running.
        """
        try:
            with ExitStack() as undo:
                self._url = self._start(undo)
                self._running = undo.pop_all()
        except OSError as error:
            raise UnusableDataFolder.because(self._folder, error) from error

    def stop(self) -> None:
        """Shut down the server; do nothing if it is not running."""
        self._url = ""
        self._running.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self, undo: ExitStack) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        programs = find_programs(self._folder)
        undo.enter_context(folder_lock(self._folder))
        self._log.write_bytes(b"")
        if self._data.exists():
            check_data(self._data, programs)
            postmaster_file.end_leftover(self._data)
        else:
            durable = self._options.get("fsync") != "off"
            if not create_data(self._data, programs, self._log, durable=durable):
                raise self._failure("could not create its data folder")
        sockets = self._create_socket_folder(programs)
        undo.callback(shutil.rmtree, sockets, ignore_errors=True)
        server = self._launch(programs, sockets)
        undo.callback(_end, server)
        self._await_readiness(server)
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={sockets}&port={_PORT}"

    def _create_socket_folder(self, programs: Programs) -> str:
        note = self._folder / "sockets"
        with suppress(OSError):
            Path(note.read_text()).rmdir()  # A killed owner leaves an empty folder.
        # Not in TMPDIR: a socket's path has at most 103 bytes (macOS; Linux 107).
        sockets = tempfile.mkdtemp(prefix="tasks-api-", dir="/tmp")
        os.chown(sockets, programs.uid, programs.gid)
        replace_text(note, sockets)
        return sockets

    def _launch(self, programs: Programs, sockets: str) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": sockets,
            "port": _PORT,
            "max_connections": "200",
            "timezone": "UTC",
            **self._options,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return programs.start("postgres", "-D", str(self._data), *options, log=self._log)

    def _await_readiness(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not postmaster_file.is_ready(self._data, server.pid):
            if server.poll() is not None:
                raise self._failure("ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {_START_SECONDS} s")
            time.sleep(0.01)

    def _failure(self, fact: str) -> EmbeddedPostgresError:
        lines = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        # On a full disk the log itself may be cut off.
        disk_is_full = shutil.disk_usage(self._folder).free < _LEAST_FREE_BYTES
        if disk_is_full or os.strerror(errno.ENOSPC) in "\n".join(lines):
            return UnusableDataFolder.because(
                self._folder, OSError(errno.ENOSPC, "", str(self._folder))
            )
        return EmbeddedPostgresError(
            "\n  ".join([f"The embedded PostgreSQL {fact}. The end of {self._log}:", *lines])
        )


def _end(server: subprocess.Popen[bytes]) -> None:
    """Request a fast shutdown, which does not wait for clients; escalate if that takes too long."""
    for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(request)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_SECONDS)
            return
