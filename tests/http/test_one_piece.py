"""An answer leaves in one piece."""

import asyncio
from typing import cast

from entrypoints.http.one_piece import OnePiece


class Wire:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def on(wire: Wire) -> OnePiece:
    return OnePiece(cast("asyncio.Transport", wire), asyncio.get_running_loop())


async def test_what_is_written_in_one_pass_is_sent_at_its_end() -> None:
    wire = Wire()
    transport = on(wire)
    for answer in (b"first", b"second"):
        transport.write(answer + b" head ")
        transport.write(answer + b" body")
        assert answer not in b"".join(wire.sent)
        await asyncio.sleep(0)
    assert wire.sent == [b"first head first body", b"second head second body"]


async def test_nothing_is_sent_to_who_is_gone() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"too late")
    transport.lose()
    await asyncio.sleep(0)
    transport.write(b"far too late")
    transport.close()
    assert wire.sent == []
    assert wire.closed


async def test_closing_sends_what_is_held_first() -> None:
    wire = Wire()
    transport = on(wire)
    transport.write(b"last words")
    transport.close()
    assert wire.sent == [b"last words"]
    assert transport.is_closing()
    await asyncio.sleep(0)
    assert wire.sent == [b"last words"]
