"""Which responses are compressed, and how."""

import re
from typing import Final

GZIP_MIN: Final = 1024
"""Shortest list, in bytes, that is worth compressing."""

GZIP_LEVEL: Final = 1
"""Higher levels save a tenth of the bytes for two to five times the processor time."""

GZIP_FORMAT: Final = 31
"""zlib's number for a gzip header and trailer: without a time, so equal lists have equal bytes."""

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
