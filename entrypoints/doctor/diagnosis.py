"""The checks, in the order in which a start and then a request need what they check."""

from collections.abc import AsyncIterator
from typing import Final

from application.check import Check
from application.errors import ApplicationError, InvalidConfiguration
from entrypoints.container import Container
from entrypoints.settings import InvalidSettings, Settings
from entrypoints.telemetry.enabled import telemetry_class

_MISCONFIGURED: Final = (InvalidSettings, InvalidConfiguration)


async def diagnose(*, token: str | None = None, origin: str | None = None) -> AsyncIterator[Check]:
    """Yield every check as soon as it is made. Without valid settings, nothing else is checked."""
    try:
        settings = Settings()
        telemetry_class(settings)
    except InvalidSettings as error:
        yield Check.failure("settings", str(error))
        return
    names = ", ".join(sorted(name.upper() for name in settings.model_fields_set))
    yield Check.ok("settings", f"valid; set are {names}" if names else "none is set")
    for warning in settings.warnings():
        yield Check.warning("settings", warning)
    container = Container(settings=settings)
    for check in await _storage_checks(container):
        yield check
    async for check in _token_checks(container, token):
        yield check
    if origin is not None:
        yield _origin_check(settings, origin)


async def _storage_checks(container: Container) -> list[Check]:
    try:
        storage = container.storage_inspection()
    except _MISCONFIGURED as error:
        return [Check.failure("database", str(error))]
    return await storage.checks()


async def _token_checks(container: Container, token: str | None) -> AsyncIterator[Check]:
    try:
        verifier = container.token_verifier()
    except _MISCONFIGURED as error:
        yield Check.failure("keys", str(error))
        return
    if token is None:
        return
    try:
        subject = await verifier.subject_of(token)
    except ApplicationError as error:
        yield Check.failure("token", str(error))
        return
    yield Check.ok("token", "the token is accepted")
    yield await _user_check(container, subject)


async def _user_check(container: Container, subject: str) -> Check:
    try:
        storage = container.storage_inspection()
    except _MISCONFIGURED as error:
        return Check.failure("user", f"not looked for: {error}")
    return await storage.check_user(subject)


def _origin_check(settings: Settings, origin: str) -> Check:
    if origin in settings.cors_origins:
        return Check.ok("origin", f"pages of {origin} may call the API")
    allowed = ",".join(settings.cors_origins)
    return Check.failure(
        "origin",
        f"pages of {origin} may not call the API: CORS_ORIGINS is {allowed}",
        f"set CORS_ORIGINS={allowed},{origin}",
    )
