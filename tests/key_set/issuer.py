"""A fake issuer of tokens on a real socket that can fail in many ways."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.key_set.signing_keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

JSON = b"content-type: application/json\r\n"


def response(body: bytes, *, status: str = "200 OK", headers: bytes = JSON) -> bytes:
    """Return the bytes of one HTTP response."""
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    return head.encode() + headers + b"\r\n" + body


def key_set(*keys: SigningKey | dict[str, Any]) -> bytes:
    """The JSON document that publishes ``keys``."""
    members = [key.jwk if isinstance(key, SigningKey) else key for key in keys]
    return json.dumps({"keys": members}).encode()


class FakeIssuer:
    """Answers each connection as the last call configured, and counts them as ``fetches``."""

    def __init__(self) -> None:
        self.fetches = 0
        self._port = 0
        self._server: asyncio.Server | None = None
        self._send: Callable[[asyncio.StreamWriter], Awaitable[None]]
        self._released = asyncio.Event()
        self._asked = asyncio.Event()
        self.publish()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/auth/jwks"

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections and close idle ones."""
        self._released.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def publish(self, *keys: SigningKey | dict[str, Any]) -> None:
        self.send(response(key_set(*keys)))

    def send(self, answer: bytes) -> None:
        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(answer)

        self._send = send

    def hold(self, answer: bytes = b"") -> None:
        """Send nothing until released, then ``answer``."""
        self._released.clear()
        self._asked.clear()

        async def send(writer: asyncio.StreamWriter) -> None:
            self._asked.set()
            await self._released.wait()
            writer.write(answer)

        self._send = send

    def hold_back(self, *keys: SigningKey) -> None:
        """Send ``keys`` once released."""
        self.hold(response(key_set(*keys)))

    async def asked(self) -> None:
        """Wait until a request is held."""
        async with asyncio.timeout(2):
            await self._asked.wait()

    def release(self) -> None:
        self._released.set()

    def trickle(self, answer: bytes) -> None:
        """Send ``answer`` byte by byte, slowly but without a long pause."""

        async def send(writer: asyncio.StreamWriter) -> None:
            for byte in answer:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)

        self._send = send

    def reset(self, answer: bytes = b"") -> None:
        """Send ``answer``, then tear the connection."""

        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            await writer.drain()
            writer.transport.abort()

        self._send = send

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fetches += 1
        try:
            # The head of a request, or the start of a TLS handshake.
            await reader.read(65536)
            await self._send(writer)
            await writer.drain()
        except ConnectionError:
            pass  # the client has timed out, as many tests require
        finally:
            writer.close()
