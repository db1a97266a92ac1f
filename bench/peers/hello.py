"""A bare ASGI application: no framework, no token, no database; what uvicorn itself costs."""

from typing import Any

_BODY = b'{"hello":"world"}'
_HEAD = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every request the same."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _HEAD})
        await send({"type": "http.response.body", "body": _BODY})
