"""The least that this stack allows: uvicorn, PyJWT and one statement on this service's own pool.

No framework, no rules, no log, no deadline, and an answer that is pasted together.
"""

import os
from typing import Any

import jwt

from adapters.postgres.dsn import Dsn
from adapters.postgres.pool import Pool
from adapters.postgres.statements import SELECT_ONE

_SECRET = os.environ["BETTER_AUTH_SECRET"].encode()
_POOL = Pool(Dsn(os.environ["NEON_DB_URL"]), size=10, each=10)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with one task of the token's subject, whichever request comes."""
    if scope["type"] != "http":
        return
    token = next(value for name, value in scope["headers"] if name == b"authorization")[7:]
    owner = jwt.decode(token, _SECRET, algorithms=["HS256"])["sub"]
    number = scope["path"].rpartition("/")[2]
    task_id = int(number) if number.isdecimal() else 0
    connection = await _POOL.borrow(owner)
    try:
        rows = await connection.run(SELECT_ONE, {"owner": owner, "task_id": task_id})
    finally:
        await _POOL.give_back(connection)
    body = b"".join(str(value).encode() for row in rows for value in row)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
