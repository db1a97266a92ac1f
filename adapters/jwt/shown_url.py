"""Make a URL safe for messages."""

import httpx

from domain.text import QUOTED_MAX


def shown_url(url: httpx.URL | str) -> str:
    """Return ``url``, shortened, without credentials and query, which may be secret."""
    try:
        parsed = httpx.URL(url)
        # httpx percent-encodes characters that a URL cannot contain.
        shown = str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
    except (httpx.InvalidURL, ValueError):
        return "(no URL)"
    return shown if len(shown) <= QUOTED_MAX else f"{shown[:QUOTED_MAX]}…"
