"""Compression with gzip: when a client accepts it, and in pieces."""

import asyncio
import re
import zlib
from typing import Final

GZIP_MIN: Final = 1024
"""Shortest list, in bytes, that is worth compressing."""

_LEVEL: Final = 1
"""Higher levels save a tenth of the bytes for two to five times the processor time."""

_GZIP: Final = 31
"""zlib's number for a gzip header and trailer: without a time, so equal lists have equal bytes."""

_AT_ONCE: Final = 64 * 1024
"""Bytes that are compressed at a time, between other requests: 3 ms for random bytes."""

_ACCEPT_ENCODING_MAX: Final = 1024
"""Longest Accept-Encoding header, in characters, that is read."""

_NO_WEIGHT: Final = re.compile(r"q\s*=\s*0(\.0*)?")


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether an Accept-Encoding header names gzip (RFC 9110, 12.5.3)."""
    if len(accept_encoding) > _ACCEPT_ENCODING_MAX:
        return False
    for coding in accept_encoding.lower().split(","):
        name, _, weight = coding.partition(";")
        if name.strip() == "gzip":
            return _NO_WEIGHT.fullmatch(weight.strip()) is None
    return False


class Gzip:
    """Compresses one body, with pauses for other requests."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP)

    async def compress(self, data: bytes) -> bytes:
        """Return the next part of the compressed body."""
        parts = [self._compressor.compress(data[:_AT_ONCE])]
        for start in range(_AT_ONCE, len(data), _AT_ONCE):
            await asyncio.sleep(0)
            parts.append(self._compressor.compress(data[start : start + _AT_ONCE]))
        return b"".join(parts)

    def flush(self) -> bytes:
        """Return the last part."""
        return self._compressor.flush()
