"""uvicorn's server, which answers every client that has reached it before it ends."""

import asyncio
import multiprocessing
import os
import socket
import threading
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn

from entrypoints.server import STOPPING

GRACE_SECONDS: Final = 9
"""How long a stopping server waits for the requests that it is answering.

Followed by FLUSH_WITHIN in entrypoints/telemetry, terminationGracePeriodSeconds in
deploy/kubernetes.yml (which also counts its preStop), stop_grace_period in docker-compose.yml, and
the promise of an exit within 10 s in docs/reliability.md and docs/deploy.md.
tests/server/test_grace.py compares them.
"""

CLOSE_SECONDS: Final = 0.9
"""How long the application has after that, to send telemetry and close its connections."""

END_WITHIN: Final = GRACE_SECONDS + CLOSE_SECONDS
"""Seconds after which a process that was told to end is gone, whatever holds it up."""


class GracefulServer(uvicorn.Server):
    """A listening socket that closes resets the connections that wait to be accepted.

    So this server accepts them first, and each of its connections answers what has been sent.
    docs/server.md, "Stopping".
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections that wait, stop listening, and end all connections in order."""
        self.lifespan.state[STOPPING] = True
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
        """Stop in order at the first signal, and at once at the second."""
        # A supervised process may get a signal from its supervisor and from the process that
        # signalled that one.
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
