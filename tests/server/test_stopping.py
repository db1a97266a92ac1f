"""The state that a stopping server passes to the application."""

import socket
from typing import Any

import pytest

from entrypoints.server import STOPPING
from tests.server.test_protocol import GET, App, serving

pytestmark = pytest.mark.process


class Recording(App):
    """Records the state of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping: list[object] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.stopping.append(scope["state"].get(STOPPING))
        await super().__call__(scope, receive, send)


async def test_the_state_of_a_request_says_that_the_server_is_stopping() -> None:
    app = Recording()
    async with serving(app) as (server, port):
        # The kernel has accepted the connection, but the event loop has not.
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(GET)
            await server.shutdown()
        server.servers = []
    assert app.stopping == [True]
