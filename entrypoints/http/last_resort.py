"""Respond to unforeseen errors, and to cancellation."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.errors import Unavailable


class LastResort:
    """Middleware that answers unforeseen errors and requests that a stopping server cancels.

    It runs inside the CORS middleware, so that browsers can read its responses. Starlette handles
    unforeseen errors outside all middleware, where browsers cannot.
    """

    def __init__(
        self, app: ASGIApp, handler: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def observed_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        async def answer(error: Exception) -> None:
            response = await self._handler(Request(scope), error)
            await response(scope, receive, send)

        try:
            await self._app(scope, receive, observed_send)
        except Exception as error:
            if started:
                raise
            await answer(error)
        except asyncio.CancelledError:
            # The grace period of the stopping server is over.
            if not started:
                await answer(Unavailable("the server stopped before there was a response"))
            raise
