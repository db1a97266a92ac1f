"""What one connection may cost: sizes, counts and times."""

from typing import Final

REQUESTS_MAX: Final = 16
"""Most requests of one connection that are under way: one is answered, the others wait."""

READ_MAX: Final = 8 * 1024
"""Most bytes that are read at a time, and so the most that wait to be parsed."""

TARGET_MAX: Final = 8 * 1024
"""Longest request target, in bytes."""

HEADERS_MAX: Final = 1024
"""Most headers of a request: each becomes several objects, however short it is."""

HEAD_MAX: Final = 64 * 1024
"""Most bytes of a head without its end. READ_MAX more may come with the end."""

BODY_READ_MAX: Final = 2 * 1024 * 1024
"""Most bytes of a body that are read, with the sizes of its chunks and its trailers.

More than an application reads: this ends bodies that it has refused, and chunks of next to nothing.
"""

PART_MIN: Final = 256
"""Bytes for which a part of a body, or a trailer, counts at least: each is a call of a function."""

HEAD_WITHIN: Final = 10
"""Seconds that a client has for a request's head, the first one's counting from the connection."""

BODY_WITHIN: Final = 30
"""Seconds that a client has for a request's body."""

LAST_BODY_WITHIN: Final = 5
"""Seconds that a stopping server waits for the rest of a body."""

KEEP_ALIVE: Final = 5
"""Seconds that a connection is kept between two requests. Proxies must keep theirs for less."""

READ_WITHIN: Final = 30
"""Seconds in which a client has to read at least a part of what waits for it."""

LINGER: Final = 0.5
"""Seconds that a connection is read on before it closes.

A stopping server answers a request that arrives then; a client that was refused can finish sending,
and read why.
"""
