"""Find the bearer token of a request."""

from typing import Final

from starlette.requests import Request

from application.errors import MissingToken

HEADER_MAX: Final = 8 * 1024
"""Longest Authorization header, in bytes."""

_HEADER: Final = b"authorization"


def bearer_token(request: Request) -> str:
    """Return the request's bearer token. Raises MissingToken if there is not exactly one."""
    values: list[bytes] = [value for name, value in request.scope["headers"] if name == _HEADER]
    if not values:
        raise MissingToken("Missing bearer token")
    if len(values) > 1:
        raise MissingToken("More than one Authorization header")
    [value] = values
    if len(value) > HEADER_MAX:
        raise MissingToken(f"The Authorization header is too long: at most {HEADER_MAX} bytes")
    scheme, _, token = value.decode("latin-1").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer":
        raise MissingToken(
            "The Authorization header holds no bearer token: it does not begin with Bearer"
        )
    if not token:
        raise MissingToken("The Authorization header holds no bearer token: nothing follows Bearer")
    return token
