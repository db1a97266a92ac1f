"""How a request looks to the router."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestTarget:
    """Shows the router the path as it was sent, and a HEAD request as the GET that it mirrors.

    A path that is decoded before it is split would end a segment at an encoded slash, which is
    a legal character of a user's id. The body of the answer to a HEAD request is dropped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = {**scope, "path": scope["raw_path"].decode("latin-1")}
        if scope["method"] == "HEAD":
            seen["method"] = "GET"
            send = _without_body(send)
        try:
            await self._app(seen, receive, send)
        finally:
            scope["route"] = seen.get("route")


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
