"""The checks, in the order of a start and then a request."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from application.check import Check, State
from application.errors import InvalidConfiguration, KeysUnavailable
from application.ports.storage_inspection import StorageInspection
from application.ports.token_verifier import TokenExaminer
from application.token_checks import TokenReport
from entrypoints.configured import configured, database, token_keys, users_table
from entrypoints.container import Container
from entrypoints.origins import AllowedOrigins, as_browsers_write
from entrypoints.settings import InvalidSettings, Settings, TokenKeys
from entrypoints.telemetry.enabled import telemetry_class
from entrypoints.unsafe_settings import warnings_about

_MISCONFIGURED: Final = (InvalidSettings, InvalidConfiguration)


async def diagnose(*, token: str | None = None, origin: str | None = None) -> AsyncIterator[Check]:
    """Yield each check as soon as it is made.

    Checks that need a missing setting are omitted. If a setting is invalid, only the settings are
    checked, because the other checks would use its default.
    """
    for check in _settings_checks():
        yield check
    try:
        settings = Settings()
    except InvalidSettings:
        return
    container = Container(settings=settings)
    try:
        storage: StorageInspection | None = container.storage_inspection()
    except _MISCONFIGURED:
        storage = None
        yield _not_checked("database")
    for check in [] if storage is None else await storage.checks():
        yield check
        if (check.name, check.state) == ("database", State.FAILURE):
            storage = None  # The check of the token's user would fail in the same way.
    async for check in _token_checks(container, token, storage):
        yield check
    if origin is not None:
        yield _origin_check(settings, origin)


def _settings_checks() -> Iterator[Check]:
    try:
        settings = configured(_telemetry, token_keys, database, users_table).settings()
    except InvalidSettings as error:
        for line in error.lines:
            yield Check.failure("settings", line)
        return
    names = sorted(name.upper() for name in settings.model_fields_set)
    yield Check.ok("settings", f"valid: {', '.join(names)}")
    for warning in warnings_about(settings):
        yield Check.warning("settings", warning)


def _not_checked(name: str) -> Check:
    return Check.warning(name, "not checked", "correct the settings first")


def _telemetry(container: Container) -> None:
    telemetry_class(container.settings())


async def _token_checks(
    container: Container, token: str | None, storage: StorageInspection | None
) -> AsyncIterator[Check]:
    try:
        verifier = container.token_verifier()
    except _MISCONFIGURED:
        yield _not_checked("keys")
        return
    yield Check.ok("keys", verifier.requirements)
    if container.settings().token_keys is TokenKeys.KEY_SET:
        yield await _key_set_check(verifier)
    if token is None:
        return
    try:
        report = await verifier.examine(token)
    except KeysUnavailable as error:
        yield Check.failure("token", f"not verified: {error}")
        return
    for check in _findings(report):
        yield check
    if report.subject is not None and storage is not None:
        yield await storage.check_user(report.subject)


def _findings(report: TokenReport) -> Iterator[Check]:
    names = {finding: finding.check.replace("_", " ") for finding in report.findings}
    right = ", ".join(name for finding, name in names.items() if finding.problem is None)
    if right:
        yield Check.ok("token", f"{'accepted; ' * report.is_accepted}these are right: {right}")
    for finding, name in names.items():
        if finding.problem is not None:
            yield Check.failure(f"token {name}", finding.problem)


async def _key_set_check(verifier: TokenExaminer) -> Check:
    began = time.perf_counter()
    try:
        keys = await verifier.keys()
    except KeysUnavailable as error:
        return Check.failure("key set", str(error))
    milliseconds = (time.perf_counter() - began) * 1000
    listed = ", ".join(f"{kid or '(no kid)'} ({algorithm})" for kid, algorithm in keys.items())
    return Check.ok("key set", f"fetched in {milliseconds:.0f} ms; its keys are {listed}")


def _origin_check(settings: Settings, origin: str) -> Check:
    try:
        origin = as_browsers_write(origin)
    except ValueError as error:
        return Check.failure("origin", f"{origin} {error}")
    if origin in AllowedOrigins(settings.cors_origins):
        return Check.ok("origin", f"pages of {origin} may call the API")
    allowed = ",".join(settings.cors_origins)
    return Check.failure(
        "origin",
        f"pages of {origin} may not call the API: CORS_ORIGINS is {allowed}",
        f"set CORS_ORIGINS={allowed},{origin}",
    )
