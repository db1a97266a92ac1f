"""Run the checks and print them."""

import asyncio
import sys

from application.check import Check
from entrypoints import logs
from entrypoints.doctor import report
from entrypoints.doctor.diagnosis import diagnose
from entrypoints.settings import LogFormat, LogLevel


def run(*, token: str | None, origin: str | None, as_json: bool) -> bool:
    """Run and print the checks; return whether none has failed."""
    # The checks report what the adapters would log.
    logs.configure(LogFormat.CONSOLE, LogLevel.CRITICAL)
    lines = None if as_json else report.Lines(sys.stdout)
    # asyncio.run would wait for a thread that resolves a name, which cannot be cancelled.
    loop = asyncio.new_event_loop()
    try:
        checks = loop.run_until_complete(_collect(token, origin, lines))
    finally:
        loop.close()
    if lines is None:
        print(report.to_json(checks))
    else:
        lines.end(checks)
    return report.succeeded(checks)


async def _collect(
    token: str | None, origin: str | None, lines: report.Lines | None
) -> list[Check]:
    checks = []
    async for check in diagnose(token=token, origin=origin):
        if lines is not None:
            lines.check(check)
        checks.append(check)
    return checks
