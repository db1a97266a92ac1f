"""A container whose settings are valid, or every reason why not."""

from collections.abc import Callable

from application.errors import InvalidConfiguration
from entrypoints.container import Container
from entrypoints.settings import InvalidSettings, Settings, StorageKind

Part = Callable[[Container], object]
"""Makes what a command needs of a container. Raises InvalidSettings or InvalidConfiguration."""


def configured(*parts: Part) -> Container:
    """Return a container of the environment's settings of which all ``parts`` can be made.

    Raise InvalidSettings with a line for every setting that is missing or wrong.
    """
    settings, lines = Settings.read()
    container = Container(settings=settings)
    unread = [line.partition(" ")[0] for line in lines]
    found = list(lines)
    for part in parts:
        try:
            part(container)
        except (InvalidSettings, InvalidConfiguration) as error:
            # What could not be read would be called missing, too.
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
    # Whatever storage the container chooses: a swapped one may need no URL.
    container.storage()


def users_table(container: Container) -> None:
    """Require that the setting USERS_TABLE, if it is used, can be the name of a table."""
    settings = container.settings()
    if settings.storage is StorageKind.POSTGRES and settings.users_table is not None:
        container.users_table()
