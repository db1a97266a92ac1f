"""How a message shows a URL."""

import httpx

from domain.text import QUOTED_MAX


def shown_url(url: httpx.URL | str) -> str:
    """Return ``url`` without its credentials and its query, which may be secret, and cut short."""
    try:
        parsed = httpx.URL(url)
        # httpx writes other characters than those of a URL in percent-encoding.
        shown = str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
    except (httpx.InvalidURL, ValueError):
        return "(no URL)"
    return shown if len(shown) <= QUOTED_MAX else f"{shown[:QUOTED_MAX]}…"
