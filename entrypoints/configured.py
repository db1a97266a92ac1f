"""Make a container with valid settings, or report everything that is wrong."""

from collections.abc import Callable

from application.errors import InvalidConfiguration
from entrypoints.container import Container
from entrypoints.settings import InvalidSettings, Settings, StorageKind

Part = Callable[[Container], object]
"""Makes a part that a command needs. Raises InvalidSettings or InvalidConfiguration."""


def configured(*parts: Part) -> Container:
    """Return a container with the environment's settings, after making all ``parts``.

    Raise InvalidSettings with a line for each setting that is missing or wrong.
    """
    settings, lines = Settings.read()
    container = Container(settings=settings)
    unread = [line.partition(" ")[0] for line in lines]
    found = list(lines)
    for part in parts:
        try:
            part(container)
        except (InvalidSettings, InvalidConfiguration) as error:
            # Invalid settings would also be reported as missing.
            found += [
                line for line in str(error).splitlines() if not any(name in line for name in unread)
            ]
    if found:
        raise InvalidSettings(*dict.fromkeys(found))
    return container


def token_keys(container: Container) -> None:
    """Require that tokens can be verified."""
    container.token_verifier()


def database(container: Container) -> None:
    """Require that the settings name a database, if one is used."""
    # The container's storage, because another storage may need no URL.
    container.storage()


def users_table(container: Container) -> None:
    """Require that USERS_TABLE, if it is used, is a valid name of a table."""
    settings = container.settings()
    if settings.storage is StorageKind.POSTGRES and settings.users_table is not None:
        container.users_table()
