"""uvicorn's server with a graceful stop: it first answers every client that has connected."""

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

These depend on it: FLUSH_WITHIN in entrypoints/telemetry, terminationGracePeriodSeconds in
deploy/kubernetes.yml (which includes its preStop), stop_grace_period in docker-compose.yml, and the
promised exit within 10 s in docs/reliability.md and docs/deploy.md.
tests/server/test_grace.py compares them.
"""

CLOSE_SECONDS: Final = 0.9
"""How long the application may take after that to send telemetry and close its connections."""

END_WITHIN: Final = GRACE_SECONDS + CLOSE_SECONDS
"""Seconds from the signal after which the process exits in any case."""


class GracefulServer(uvicorn.Server):
    """uvicorn's server, which accepts waiting connections before it stops listening.

    Closing the listening socket would reset them. Each connection then answers the requests that
    have arrived. docs/server.md, "Stopping".
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections that wait, stop listening, and end all connections gracefully."""
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
        # The event loop sets up the connections that it has just accepted in its next pass.
        await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        # Typed as any asyncio protocol; uvicorn's HTTP protocols take these arguments.
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully at the first signal, and at once at the second."""
        # A worker may receive one signal twice: with its process group, and from its supervisor.
        if self.should_exit and multiprocessing.parent_process() is None:
            os._exit(128 + sig)
        # Requests end earlier, but a thread that resolves a host name cannot be cancelled.
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
