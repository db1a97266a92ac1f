"""uvicorn's server and its supervisors, whose end cuts no client off.

A listening socket that closes resets the connections that wait to be accepted. So a server accepts
them before it closes its own, and a supervisor, which accepts nothing, closes its own first.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors import multiprocess as uvicorn_multiprocess
from uvicorn.supervisors.statreload import StatReload

END_WITHIN: Final = 9.9
"""Seconds after which a process that was told to end is gone, whatever holds it up."""


def run(config: uvicorn.Config) -> None:
    """Serve until a signal ends it; a second one ends it at once, whoever is being answered."""
    # Ctrl-C, which uvicorn raises again once it has ended in order.
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            _Reload(config, target=Server(config).run, sockets=[config.bind_socket()]).run()
        elif config.workers > 1:
            _Workers(config, sockets=[config.bind_socket()]).run()
        else:
            Server(config).run()


class Server(uvicorn.Server):
    """A server that answers whoever has reached it before it ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        accepted = []
        for server in self.servers:
            for each in server.sockets:
                accepted += _accept_all(each.fileno(), self.config.backlog)
            server.close()
        loop = asyncio.get_running_loop()
        await asyncio.gather(
            *(loop.connect_accepted_socket(self._protocol, each) for each in accepted)
        )
        # What the loop itself has just accepted becomes a connection, too.
        await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        # uvicorn's type says any protocol; the one that is configured takes these.
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # A supervised process may be told by its supervisor and by whoever told that one.
        if self.should_exit and multiprocessing.parent_process() is None:
            os._exit(128 + sig)
        # The last requests have less. But a thread that looks up a name cannot be cancelled.
        last_resort = threading.Timer(END_WITHIN, os._exit, [0])
        last_resort.daemon = True
        last_resort.start()
        super().handle_exit(sig, frame)


def _accept_all(descriptor: int, most: int) -> list[socket.socket]:
    accepted: list[socket.socket] = []
    with socket.socket(fileno=os.dup(descriptor)) as listening, suppress(OSError):
        listening.setblocking(False)
        while len(accepted) < most:
            accepted.append(listening.accept()[0])
    return accepted


class _Worker(uvicorn_multiprocess.Process):
    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = Server(self.config)
        return self._server


class _Workers(Multiprocess):
    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        # Multiprocess makes its processes itself, and cannot be told of which class.
        uvicorn_multiprocess.Process = _Worker  # type: ignore[misc]
        super().__init__(config, sockets)
        self._told = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self._told:
            for process in self.processes:
                process.process.kill()
            sys.exit(128 + number)
        self._told = True
        self.signal_queue.append(number)

    def terminate_all(self) -> None:
        for each in self.sockets:
            each.close()
        super().terminate_all()


class _Reload(StatReload):
    def signal_handler(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit.is_set():
            self.process.kill()
            sys.exit(128 + sig)
        super().signal_handler(sig, frame)

    def shutdown(self) -> None:
        for each in self.sockets:
            each.close()
        super().shutdown()
