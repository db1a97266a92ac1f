"""A stand-in for Neon Auth: its tables, their owner, and the issuer at its path."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

OWNER = "neondb_owner"
"""The role in the connection string that Neon shows. It owns the database."""

_TIMES = """"createdAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL,
    "updatedAt" timestamptz DEFAULT CURRENT_TIMESTAMP NOT NULL"""
_ID = "id uuid DEFAULT gen_random_uuid() PRIMARY KEY"
_USER = '"userId" uuid NOT NULL REFERENCES neon_auth."user" (id) ON DELETE CASCADE'
_ORGANIZATION = (
    '"organizationId" uuid NOT NULL REFERENCES neon_auth.organization (id) ON DELETE CASCADE'
)
TABLES = f"""
    CREATE TABLE neon_auth."user" ({_ID}, name text NOT NULL, email text NOT NULL UNIQUE,
        "emailVerified" boolean NOT NULL, image text, {_TIMES}, role text, banned boolean,
        "banReason" text, "banExpires" timestamptz);
    CREATE TABLE neon_auth.session ({_ID}, {_USER}, token text NOT NULL UNIQUE,
        "expiresAt" timestamptz NOT NULL, {_TIMES}, "ipAddress" text, "userAgent" text,
        "impersonatedBy" text, "activeOrganizationId" text);
    CREATE TABLE neon_auth.account ({_ID}, {_USER}, "accountId" text NOT NULL,
        "providerId" text NOT NULL, password text, {_TIMES});
    CREATE TABLE neon_auth.verification ({_ID}, identifier text NOT NULL, value text NOT NULL,
        "expiresAt" timestamptz NOT NULL, {_TIMES});
    CREATE TABLE neon_auth.jwks ({_ID}, "publicKey" text NOT NULL, "privateKey" text NOT NULL,
        "createdAt" timestamptz NOT NULL, "expiresAt" timestamptz);
    CREATE TABLE neon_auth.organization ({_ID}, name text NOT NULL, slug text NOT NULL UNIQUE,
        "createdAt" timestamptz NOT NULL, metadata text);
    CREATE TABLE neon_auth.member ({_ID}, {_USER}, {_ORGANIZATION}, role text NOT NULL,
        "createdAt" timestamptz NOT NULL);
    CREATE TABLE neon_auth.invitation ({_ID}, {_ORGANIZATION}, email text NOT NULL, role text,
        status text NOT NULL, "expiresAt" timestamptz NOT NULL,
        "inviterId" uuid NOT NULL REFERENCES neon_auth."user" (id) ON DELETE CASCADE);
    CREATE TABLE neon_auth.project_config ({_ID}, name text NOT NULL, endpoint_id text NOT NULL);
"""


class Issuer:
    """Signs tokens as one branch's Neon Auth does."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.jwks_url = f"{origin}/neondb/auth/.well-known/jwks.json"
        self._key = Ed25519PrivateKey.generate()

    @property
    def key_set(self) -> bytes:
        key = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json.dumps({"keys": [key | {"alg": "EdDSA", "kid": "neon"}]}).encode()

    def token(self, user: str, *, origin: str | None = None) -> str:
        """Return a token for ``user``; ``origin`` is that of another branch with the same keys."""
        issuer = origin or self.origin
        now = int(time.time())
        claims = {"sub": user, "iss": issuer, "aud": issuer, "iat": now, "exp": now + 900}
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"kid": "neon"})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Publish an issuer's keys until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/neondb/auth/.well-known/jwks.json"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(issuer.key_set if found else b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()
