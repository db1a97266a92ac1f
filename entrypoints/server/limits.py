"""Limits of connections: sizes, counts and times."""

from typing import Final

REQUESTS_MAX: Final = 16
"""Most requests of one connection at a time: one is being answered, the others wait."""

READ_MAX: Final = 8 * 1024
"""Most bytes that are read at a time, and so the most that wait to be parsed."""

TARGET_MAX: Final = 8 * 1024
"""Longest request target, in bytes."""

HEADERS_MAX: Final = 1024
"""Most headers of a request: each becomes several objects, however short it is."""

HEAD_MAX: Final = 64 * 1024
"""Most bytes of an incomplete head. The read that completes it may add READ_MAX."""

HEADS_MAX: Final = 4 * 1024 * 1024
"""Most bytes that the incomplete heads of all connections hold: 64 of the longest ones."""

BODY_READ_MAX: Final = 2 * 1024 * 1024
"""Most bytes of a body that are read, including chunk sizes and trailers.

It exceeds what the application reads: it ends bodies that were refused, and floods of tiny chunks.
"""

PART_MIN: Final = 256
"""Bytes that a part of a body, or a header, counts for at least: each costs calls and objects."""

HEAD_WITHIN: Final = 10
"""Seconds that a client has to send a request's head; for the first, since it connected."""

BODY_WITHIN: Final = 30
"""Seconds that a client has to send a request's body."""

LAST_BODY_WITHIN: Final = 5
"""Seconds that a stopping server waits for the rest of a body."""

KEEP_ALIVE: Final = 5
"""Seconds that a connection stays open between requests. Proxies must close theirs earlier."""

READ_WITHIN: Final = 30
"""Seconds in which a client has to read at least a part of the bytes that wait for it."""

LINGER: Final = 0.5
"""Seconds that a connection is still read before it closes.

A stopping server answers a request that arrives in this time. A refused client can finish sending
and read the response.
"""
