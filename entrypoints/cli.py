"""The command line."""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Final

from application.errors import ApplicationError, InvalidConfiguration
from entrypoints import development, logs
from entrypoints.container import Container
from entrypoints.doctor import command as doctor
from entrypoints.http.app import create_app
from entrypoints.serve import serve
from entrypoints.settings import InvalidSettings, LogFormat, Settings, StorageKind, TokenKeys

_EXIT_FAILURE: Final = 1
_EXIT_MISCONFIGURED: Final = 2
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, 2 if a setting or an argument is invalid."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except (InvalidSettings, InvalidConfiguration) as error:
        print(f"tasks-api: {error}", file=sys.stderr)
        return _EXIT_MISCONFIGURED
    except ApplicationError as error:
        print(f"tasks-api: {error}", file=sys.stderr)
        return _EXIT_FAILURE
    except BrokenPipeError:
        # The reader has closed the pipe. Python would report that again when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _serve(options: argparse.Namespace) -> None:
    settings = _settings()
    serve(
        Container(settings=settings),
        host=options.host,
        port=options.port,
        workers=options.workers,
        reload=options.reload,
    )


def _dev(options: argparse.Namespace) -> None:
    development.run(host=options.host, port=options.port)


def _migrate(options: argparse.Namespace) -> None:
    container = Container(settings=_settings())
    if container.settings().storage is StorageKind.POSTGRES:
        asyncio.run(container.database().migrate(to=options.to))
    print(f"the schema is at revision {options.to}" if options.to else "the schema is up to date")


def _token(options: argparse.Namespace) -> None:
    container = Container(settings=_settings())
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
    # The document does not depend on the settings, so none are needed.
    settings = Settings(storage=StorageKind.MEMORY, better_auth_secret="unused")  # noqa: S106
    print(json.dumps(create_app(Container(settings=settings)).openapi(), indent=2))


def _doctor(options: argparse.Namespace) -> None:
    if not doctor.run(token=options.token, origin=options.origin, as_json=options.json):
        sys.exit(_EXIT_FAILURE)


def _settings() -> Settings:
    settings = Settings()
    logs.configure(settings.log_format or LogFormat.JSON, settings.log_level)
    return settings


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError("a duration looks like 30s, 15m, 1h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most} is expected")
        return int(text)

    return parse


def _user_id(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a user's id is not empty")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tasks-api",
        description="A multi-user tasks backend for Next.js and Better Auth frontends.",
        epilog="Settings are environment variables or lines of a .env file; see .env.example.",
    )
    parser.add_argument("--version", action="version", version=f"tasks-api {version('tasks-api')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    command = _add(commands, "serve", _serve, "serve the API in production")
    _add_address(command, host="0.0.0.0")  # noqa: S104 - all interfaces, for containers
    command.add_argument(
        "--workers",
        type=_whole_number(1, 256),
        default=1,
        metavar="N",
        help="processes (default: %(default)s)",
    )
    command.add_argument("--reload", action="store_true", help="restart when the code changes")

    command = _add(
        commands,
        "dev",
        _dev,
        "serve the API on an embedded PostgreSQL, with reload, and print a token to try it",
    )
    _add_address(command, host="127.0.0.1")

    command = _add(commands, "migrate", _migrate, "migrate the database to the newest schema")
    command.add_argument(
        "--to",
        metavar="REVISION",
        help="migrate to this revision, up or down, instead of the newest",
    )

    command = _add(commands, "token", _token, "mint a token with the configured secret")
    command.add_argument(
        "--user", required=True, type=_user_id, metavar="ID", help="the `sub` of the token"
    )
    command.add_argument(
        "--ttl",
        type=_duration,
        default=timedelta(hours=1),
        metavar="DURATION",
        help="time until it expires: 30s, 15m, 1h, 7d (default: 1h)",
    )
    command.add_argument(
        "--create-user",
        action="store_true",
        help="insert the user's row as well (development only)",
    )

    _add(commands, "openapi", _openapi, "print the OpenAPI document")

    command = _add(
        commands,
        "doctor",
        _doctor,
        "check the settings, the database, the keys, a token and an origin, and say what to do",
    )
    command.add_argument(
        "--token",
        metavar="TOKEN",
        help="a token to verify; - reads it from standard input, which keeps it out of the "
        "shell's history",
    )
    command.add_argument(
        "--origin", metavar="ORIGIN", help="the frontend's origin, such as https://app.example.com"
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _add(commands: Any, name: str, run: Any, summary: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    command.set_defaults(command=run)
    return command


def _add_address(command: argparse.ArgumentParser, *, host: str) -> None:
    command.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    command.add_argument(
        "--port",
        type=_whole_number(1, 65535),
        default=8000,
        help="port to listen on (default: %(default)s)",
    )


if __name__ == "__main__":
    sys.exit(main())
