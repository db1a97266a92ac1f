"""Run work in a separate process, so that it does not affect the measurement."""

import asyncio
import multiprocessing
import os
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import uvloop

T = TypeVar("T")

_SPAWN: Final = multiprocessing.get_context("spawn")
_PATIENCE: Final = 60
"""Seconds within which stopped work must end."""


class Background(Generic[T]):
    """Runs ``work(stop, *arguments)`` from entering the block until ``result`` or its end.

    The work must end soon after ``stop`` is set; its result is sent back.
    """

    def __init__(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> None:
        self._here, there = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_run, args=(there, work, arguments), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        assert self._here.poll(_PATIENCE)
        self._here.recv()  # It has begun.
        return self

    def result(self) -> T:
        """Stop the work and return its result."""
        self._here.send(None)
        assert self._here.poll(_PATIENCE), "the work does not end"
        result: T = self._here.recv()
        return result

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()


def _run(parent: Connection, work: Callable[..., Awaitable[Any]], arguments: Any) -> None:
    async def main() -> Any:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(parent.fileno(), stop.set)
        parent.send(None)
        try:
            return await work(stop, *arguments)
        finally:
            asyncio.get_running_loop().remove_reader(parent.fileno())

    result = uvloop.run(main())
    os.set_blocking(parent.fileno(), True)  # The event loop had set it to non-blocking.
    parent.send(result)
