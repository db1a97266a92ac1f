"""Detect that the tables have changed while a process serves."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.postgres.errors import NotServable
from adapters.postgres.facts import Facts
from application.errors import (
    ApplicationError,
    InvalidConfiguration,
    SchemaConflict,
    StorageUnavailable,
)

LOOK_EVERY: Final = 5.0
"""Seconds between two checks of the tables while requests are served. An idle process does not
check, so that a Neon compute can suspend.
"""

LOOK_FOR_USERS_EVERY: Final = 10.0
"""Seconds between two searches for a users table because of unknown users."""

PREPARE_EVERY: Final = 2.0
"""Seconds between two attempts to prepare tables that cannot be served."""

_END_WITHIN: Final = 0.3
"""Seconds that a preparation may take to end after its connection was ended."""

_UNSERVABLE: Final = (NotServable, SchemaConflict, InvalidConfiguration)

logger = logging.getLogger(__name__)


class TablesWatch:
    """Compares the tables with their prepared state, and prepares them again if they changed."""

    def __init__(
        self,
        *,
        look: Callable[[], Awaitable[Facts | None]],
        prepare: Callable[[], Awaitable[Facts]],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        """``changed`` is called after changed tables have been prepared again."""
        self._look = look
        self._prepare = prepare
        self._changed = changed
        self._facts: Facts | None = None
        self._problem: str | None = None
        self._looked = self._tried = self._sought = float("-inf")
        self._candidates: str | None = None
        self._under_way: asyncio.Task[None] | None = None

    def prepared(self, facts: Facts) -> None:
        """Record the state of the tables that have been prepared."""
        self._facts, self._problem = facts, None
        self._candidates = facts.candidates
        self._looked = time.monotonic()

    @property
    def facts(self) -> Facts:
        """The prepared state. Raise StorageUnavailable if the tables cannot be served."""
        if self._problem is not None:
            self._start(self._prepare_again, every=PREPARE_EVERY)
            raise NotServable(self._problem)
        if self._facts is None:
            raise StorageUnavailable("the schema has not been prepared yet")
        return self._facts

    @property
    def served(self) -> int | None:
        """OID of the table tasks that was prepared last."""
        return None if self._facts is None else self._facts.tasks

    def used(self) -> Facts:
        """Return ``facts`` for a request; check the tables in the background every LOOK_EVERY."""
        facts = self.facts
        now = time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            # A failure is logged there, and ``facts`` raises it from then on.
            self._start(self.look)
        return facts

    def failed(self) -> None:
        """Prepare the tables in the background, because a statement failed on them."""
        if self._facts is not None:
            self._start(self._prepare_again, every=PREPARE_EVERY)

    async def look(self) -> None:
        """Check the tables now. Raise StorageUnavailable if they cannot be served."""
        known = self.facts
        found = await self._look()
        self._looked = time.monotonic()
        if not _same(found, known):
            await self._prepare_again()
            _ = self.facts
        elif found is not None and found.candidates != self._candidates:
            await self._follow_users(found)

    async def look_for_users(self) -> bool:
        """Look for another users table, not too often; return whether tasks now refer to it."""
        if time.monotonic() - self._sought < LOOK_FOR_USERS_EVERY:
            return False
        self._sought = time.monotonic()
        before = self.facts
        await self.look()
        return self.facts.users != before.users

    async def close(self) -> None:
        """Wait briefly for a step under way, then cancel it."""
        if self._under_way is None:
            return
        _, pending = await asyncio.wait([self._under_way], timeout=_END_WITHIN)
        if pending:
            self._under_way.cancel()
            await asyncio.wait(pending)

    def _start(self, step: Callable[[], Awaitable[None]], *, every: float = 0) -> None:
        if self._under_way is not None and not self._under_way.done():
            return
        if time.monotonic() - self._tried >= every:
            self._under_way = asyncio.create_task(_quietly(step))

    async def _prepare_again(self) -> None:
        """Prepare the tables, or remember why they cannot be served."""
        self._tried = time.monotonic()
        before = self._facts
        try:
            facts = await self._prepare()
        except _UNSERVABLE as error:
            if self._problem != str(error):
                logger.error("the tables cannot be served: %s", error)  # noqa: TRY400 - expected, and retried
            self._problem = str(error)
            return
        had_problem = self._problem is not None
        self.prepared(facts)
        if had_problem or not _same(facts, before):
            logger.warning("the tables had changed and have been prepared again")
            await self._changed()

    async def _follow_users(self, found: Facts) -> None:
        # The served tables have not changed, so a failure here must not stop serving.
        self._candidates = found.candidates
        try:
            facts = await self._prepare()
        except ApplicationError as error:
            logger.error("tasks still refer to the table %s: %s", found.users_table, error)  # noqa: TRY400 - expected
            return
        self.prepared(facts)
        await self._changed()


def _same(found: Facts | None, known: Facts | None) -> bool:
    """Return whether the table tasks is unchanged, apart from candidates for users tables."""
    if found is None or known is None:
        return found is known
    return found._replace(candidates="") == known._replace(candidates="")


async def _quietly(step: Callable[[], Awaitable[None]]) -> None:
    try:
        await step()
    except StorageUnavailable as error:
        logger.info("the tables could not be looked at: %s", error)
    except Exception:
        logger.exception("the tables could not be looked at")
