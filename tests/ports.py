"""TCP ports for servers that tests start."""

import socket


def free_port() -> int:
    """Return a TCP port of the loopback address that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Whether a server listens on ``port`` of the loopback address."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
