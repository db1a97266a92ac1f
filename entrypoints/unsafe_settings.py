"""Warn of settings that are valid but unsafe."""

from typing import Final

from entrypoints.settings import Settings
from entrypoints.settings_text import is_quoted

SECRET_RECOMMENDED_BYTES: Final = 32
"""RFC 7518, section 3.2: a key for HS256 must be at least as long as the hash."""

_THIS_MACHINE: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))


def warnings_about(settings: Settings) -> list[str]:
    """Return a line about each setting that is valid but unsafe."""
    found = []
    secrets = {
        "BETTER_AUTH_SECRET": settings.better_auth_secret,
        "BETTER_AUTH_SECRET_PREVIOUS": settings.better_auth_secret_previous,
    }
    for name, secret in secrets.items():
        text = "" if secret is None else secret.get_secret_value()
        if 0 < len(text.encode()) < SECRET_RECOMMENDED_BYTES:
            found.append(
                f"{name} has fewer than {SECRET_RECOMMENDED_BYTES} bytes, which can be guessed"
            )
        if is_quoted(text):
            found.append(
                f"{name} is in quotes, and they count as its characters: remove them, "
                "unless the frontend's secret has them too"
            )
    url = settings.better_auth_jwks_url
    if url is not None and url.scheme == "http" and url.host not in _THIS_MACHINE:
        found.append(
            "BETTER_AUTH_JWKS_URL is not https: "
            "an attacker between this service and the issuer can replace the keys"
        )
    return found
