"""The text form of settings: lines of a ``.env`` file, white space and quotes."""

from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic_settings import DotEnvSettingsSource, PydanticBaseSettingsSource

_QUOTES: Final = ("'", '"')
_SECRET: Final = "better_auth_secret"  # noqa: S105 - a name


def lines_of(source: PydanticBaseSettingsSource) -> dict[str, Any]:
    """Return the lines of the file of ``source``, without expanding ``${…}``.

    Such characters may be part of a secret.
    """
    path = source.env_file if isinstance(source, DotEnvSettingsSource) else None
    if not isinstance(path, str | Path):
        return {}
    values = dotenv_values(path, encoding="utf-8", interpolate=False)
    return {name.lower(): value for name, value in values.items() if value is not None}


def is_quoted(text: str) -> bool:
    """Return whether ``text`` begins and ends with the same quotation mark."""
    return len(text) > 1 and text[0] in _QUOTES and text[0] == text[-1]


def cleaned(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` without surrounding white space and quotes, and without empty ones.

    A secret keeps its quotes, because they may be part of it. An empty secret is kept, because it
    is a mistake and must not count as unset.
    """
    result: dict[str, Any] = {}
    for name, value in values.items():
        if not isinstance(value, str):
            result[name] = value
            continue
        text = value.strip()
        if name.startswith(_SECRET):
            if text or name == _SECRET:
                result[name] = text
            continue
        # Double quotes are part of the syntax of USERS_TABLE.
        if is_quoted(text) and not (name == "users_table" and text[0] == '"'):
            text = text[1:-1].strip()
        if text:
            result[name] = text
    return result


def sentence_of(error: Any) -> str:
    """Return pydantic's ``error`` of one setting as a sentence that names the setting."""
    name = str(error["loc"][0]).upper() if error["loc"] else "settings"
    return f"{name} {error['msg'].removeprefix('Value error, ').removeprefix('Input ')}"
