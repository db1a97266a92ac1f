"""Run a command and determine its exit code."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from typing import Final

from application.errors import ApplicationError, InvalidConfiguration
from entrypoints import development, logs
from entrypoints.configured import Part, configured, database, token_keys, users_table
from entrypoints.container import Container
from entrypoints.doctor import command as doctor
from entrypoints.http.app import create_app
from entrypoints.serve import require_telemetry, serve
from entrypoints.server.listening import AddressUnavailable
from entrypoints.settings import InvalidSettings, LogFormat, Settings, StorageKind, TokenKeys

_FAILURE: Final = 1
_MISCONFIGURED: Final = 2
_ADDRESS_UNAVAILABLE: Final = 3


def run(options: argparse.Namespace) -> int:
    """Run ``options.command`` and return its exit code. Print the reason of a failure."""
    try:
        _COMMANDS[options.command](options)
    except (InvalidSettings, InvalidConfiguration) as error:
        return _failed(error, _MISCONFIGURED)
    except AddressUnavailable as error:
        return _failed(error, _ADDRESS_UNAVAILABLE)
    except ApplicationError as error:
        code = _failed(error, _FAILURE)
        print("tasks-api: `tasks-api doctor` says more", file=sys.stderr)
        return code
    return 0


def _failed(error: Exception, code: int) -> int:
    for line in str(error).splitlines():
        print(f"tasks-api: {line}", file=sys.stderr)
    return code


def _serve(options: argparse.Namespace) -> None:
    container = _container(
        lambda container: require_telemetry(container.settings(), options.workers),
        token_keys,
        database,
        users_table,
    )
    serve(
        container,
        host=options.host,
        port=options.port or container.settings().port,
        workers=options.workers,
        reload=options.reload,
    )


def _dev(options: argparse.Namespace) -> None:
    development.run(host=options.host, port=options.port)


def _migrate(options: argparse.Namespace) -> None:
    container = _container(database, users_table)
    if container.settings().storage is StorageKind.POSTGRES:
        asyncio.run(container.database().migrate(to=options.to))
    print(f"the schema is at revision {options.to}" if options.to else "the schema is up to date")


def _token(options: argparse.Namespace) -> None:
    needed = [token_keys, database, users_table] if options.create_user else [token_keys]
    container = _container(*needed)
    if container.settings().token_keys is not TokenKeys.SECRET:
        raise InvalidSettings(
            "BETTER_AUTH_JWKS_URL is set: only tokens of that issuer are accepted; "
            "the frontend gets them at /api/auth/token"
        )
    if options.create_user:
        asyncio.run(container.create_user(user_id=options.user))
        print(
            f"user {options.user!r} is in the users table now; use this for "
            "development only: in production Better Auth creates users",
            file=sys.stderr,
        )
    print(container.mint_token(subject=options.user, lifetime=options.ttl))


def _openapi(_options: argparse.Namespace) -> None:
    # The document does not depend on the settings.
    settings = Settings(storage=StorageKind.MEMORY, better_auth_secret="unused")  # noqa: S106
    print(json.dumps(create_app(Container(settings=settings)).openapi(), indent=2))


def _doctor(options: argparse.Namespace) -> None:
    if not doctor.run(token=options.token, origin=options.origin, as_json=options.json):
        sys.exit(_FAILURE)


def _container(*needed: Part) -> Container:
    container = configured(*needed)
    settings = container.settings()
    logs.configure(settings.log_format or LogFormat.JSON, settings.log_level)
    return container


_COMMANDS: Final[dict[str, Callable[[argparse.Namespace], None]]] = {
    "serve": _serve,
    "dev": _dev,
    "migrate": _migrate,
    "token": _token,
    "openapi": _openapi,
    "doctor": _doctor,
}
