"""The least that this stack allows: uvicorn, PyJWT and one statement on reused cursors of psycopg.

It has no framework, rules, log or deadline, and concatenates the response.
"""

import asyncio
import os
from typing import Any

import jwt
import psycopg

_SECRET = os.environ["BETTER_AUTH_SECRET"].encode()
_STATEMENT = (
    "SELECT id, user_id, title, description, completed, created_at, updated_at"
    " FROM tasks WHERE user_id = $1 AND id = $2"
)
_CONNECTIONS = 10
_cursors: asyncio.LifoQueue[psycopg.AsyncRawCursor[Any]] = asyncio.LifoQueue()


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request with one task of the token's subject."""
    if scope["type"] == "lifespan":
        await _connect(receive, send)
        return
    token = next(value for name, value in scope["headers"] if name == b"authorization")[7:]
    owner = jwt.decode(token, _SECRET, algorithms=["HS256"])["sub"]
    number = scope["path"].rpartition("/")[2]
    task_id = int(number) if number.isdecimal() else 0
    cursor = await _cursors.get()
    try:
        await cursor.execute(_STATEMENT, (owner, task_id), prepare=True)
        rows = await cursor.fetchall()
    finally:
        _cursors.put_nowait(cursor)
    body = b"".join(str(value).encode() for row in rows for value in row)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _connect(receive: Any, send: Any) -> None:
    await receive()
    for _ in range(_CONNECTIONS):
        connection = await psycopg.AsyncConnection.connect(
            os.environ["NEON_DB_URL"], autocommit=True
        )
        _cursors.put_nowait(psycopg.AsyncRawCursor(connection))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
