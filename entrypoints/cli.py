"""Parse the arguments of the command line; ``commands`` runs the commands."""

import argparse
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, NoReturn

_SERVING: Final = frozenset(("serve", "dev"))
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, 2 if a setting or an argument is invalid."""
    try:
        options = _parser().parse_args(arguments)
        _end_on_sigterm(0 if options.command in _SERVING else 128 + signal.SIGTERM)
        # Imported only for valid arguments, because it imports the whole service.
        from entrypoints import commands  # noqa: PLC0415

        return commands.run(options)
    except BrokenPipeError:
        # The reader has closed the pipe. Python would report it again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _end_on_sigterm(code: int) -> None:
    # The first process of a container ignores signals without a handler, and the following imports
    # take a second. Also, uvicorn raises the signal again after it has stopped, which would look
    # like a crash.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(code))


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


def _token(text: str) -> str:
    from entrypoints.doctor.token_argument import token_of  # noqa: PLC0415 - needed only here

    token = token_of(text, sys.stdin)
    if not token:
        raise argparse.ArgumentTypeError("no token was given")
    return token


class _PrintVersion(argparse.Action):
    """Prints the version. argparse's own action would need it even if another command runs."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and needed only here

        print(f"tasks-api {version('tasks-api')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tasks-api",
        description="A multi-user tasks backend for Next.js and Better Auth frontends.",
        epilog="Settings are environment variables or lines of a .env file; see .env.example.",
    )
    parser.add_argument(
        "--version", action=_PrintVersion, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", title="commands", dest="command"
    )

    command = _add(commands, "serve", "serve the API in production")
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
        "serve the API on an embedded PostgreSQL, with reload, and print a token to try it",
    )
    _add_address(command, host="127.0.0.1")

    command = _add(commands, "migrate", "migrate the database to the newest schema")
    command.add_argument(
        "--to",
        metavar="REVISION",
        help="migrate to this revision, up or down, instead of the newest",
    )

    command = _add(commands, "token", "mint a token with the configured secret")
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

    _add(commands, "openapi", "print the OpenAPI document")

    command = _add(
        commands,
        "doctor",
        "check the settings, the database, the keys, a token and an origin, and say what to do",
    )
    command.add_argument(
        "--token",
        type=_token,
        metavar="TOKEN",
        help="a token to verify; - reads it from standard input, which keeps it out of the "
        "shell's history",
    )
    command.add_argument(
        "--origin", metavar="ORIGIN", help="the frontend's origin, such as https://app.example.com"
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _add(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    return command


def _add_address(command: argparse.ArgumentParser, *, host: str) -> None:
    command.add_argument("--host", default=host, help="address to listen on (default: %(default)s)")
    command.add_argument(
        "--port",
        type=_whole_number(1, 65535),
        help="port to listen on (default: the setting PORT, or 8000)",
    )


if __name__ == "__main__":
    sys.exit(main())
