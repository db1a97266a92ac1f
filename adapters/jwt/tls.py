"""Create the TLS context of fetches, and explain wrong environment variables."""

import os
import ssl
from pathlib import Path
from typing import Final

import httpx

from application.errors import InvalidConfiguration

# OpenSSL finds a certificate by the hash of its subject.
_HASHED_NAMES: Final = f"{8 * '[0-9a-f]'}.[0-9]*"


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts SSL_CERT_FILE, SSL_CERT_DIR or else certifi's authorities.

    Raises InvalidConfiguration if a file of the environment cannot be used.
    """
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise InvalidConfiguration(_problem(error)) from error
    folder = os.environ.get("SSL_CERT_DIR")
    if folder and not os.environ.get("SSL_CERT_FILE") and not _holds_certificates(folder):
        raise InvalidConfiguration(
            f"SSL_CERT_DIR={folder} holds no certificates under the names that OpenSSL looks for: "
            "make them with `openssl rehash`, set SSL_CERT_FILE instead, or unset both"
        )
    return context


def _problem(error: OSError) -> str:
    key_log = os.environ.get("SSLKEYLOGFILE")
    # Only errors about this file contain its name.
    if key_log and error.filename == key_log:
        return f"SSLKEYLOGFILE={key_log} cannot be written ({error.strerror}): unset it"
    file = os.environ.get("SSL_CERT_FILE")
    reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
    return (
        f"SSL_CERT_FILE={file} cannot be used ({reason}): "
        "set it to the certificates that are to be trusted, or unset it"
    )


def _holds_certificates(folders: str) -> bool:
    return any(any(Path(folder).glob(_HASHED_NAMES)) for folder in folders.split(os.pathsep))
