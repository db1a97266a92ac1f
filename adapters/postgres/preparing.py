"""Prepare the schema, on separate connections."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.postgres.driver import Driver
from adapters.postgres.driver_errors import preparation_failure
from adapters.postgres.dsn import Dsn
from application.errors import StorageUnavailable

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Preparation:
    """Runs the steps that prepare the schema, each in its own transaction."""

    def __init__(self, dsn: Dsn) -> None:
        self._dsn = dsn
        self._under_way: list[Driver] = []
        self._is_announced = False
        self.place = dsn.place
        """The database and its host: from the URL, or once connected, from the connection."""

    async def run(self, step: Callable[[sa.Connection], T], *, within: float | None = None) -> T:
        """Return the result of ``step``.

        Raise StorageUnavailable if it takes longer than ``within`` seconds. Translate the driver's
        errors with ``preparation_failure``.
        """
        self._announce()
        engine = create_async_engine(
            "postgresql+psycopg://", async_creator=self._connect, poolclass=NullPool
        )
        expiry = None
        if within is not None:
            expiry = asyncio.get_running_loop().call_later(within, self.give_up)
        try:
            async with asyncio.timeout(within):
                connection = await engine.connect()
            try:
                result = await connection.run_sync(step)
                await connection.commit()
                return result
            finally:
                await connection.close()
        except TimeoutError as error:
            late = f"no connection to {self.place} within {within:g} s"
            raise StorageUnavailable(f"{self._dsn.setting}: {late}") from error
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            # SQLAlchemy's errors wrap those of the driver.
            cause = getattr(error, "orig", None) or error
            raise preparation_failure(cause, self._dsn.setting) from error
        finally:
            self._under_way.clear()
            if expiry is not None:
                expiry.cancel()

    def _announce(self) -> None:
        if not self._is_announced:
            self._is_announced = True
            for warning in self._dsn.warnings:
                logger.warning(warning)
            logger.info("%s is the database %s", self._dsn.setting, self.place)

    async def _connect(self) -> Driver:
        connection = await self._dsn.connect(autocommit=False)
        self._under_way.append(connection)
        self.place = f"{connection.info.dbname} on {connection.info.host}"
        return connection

    def give_up(self) -> None:
        """End all steps that are under way."""
        for connection in self._under_way:
            connection.give_up()
