"""Tokens for a service that verifies them against a key set: forged ones, with its public keys."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.hostile.answer import Log, answers, exchange
from tests.hostile.contract import Contract
from tests.hostile.corpus import tokens
from tests.hostile.corpus.case import MARK, TASKS, request
from tests.hostile.corpus.tokens import LATER, as_json, signed, unpadded
from tests.key_set.issuer import key_set
from tests.key_set.signing_keys import ALGORITHMS, ISSUER, SigningKey, signing_key
from tests.process.service import SECRET, Service, started

pytestmark = pytest.mark.process

keys = {name: signing_key(name, kid=name) for name in ALGORITHMS}
eddsa, es256, rs256 = keys["EdDSA"], keys["ES256"], keys["RS256"]
claims: dict[str, Any] = {"sub": "ada", "exp": LATER, "iss": ISSUER, "aud": ISSUER}


def _confused(secret: bytes, algorithm: str = "HS256", kid: str = "RS256") -> bytes:
    return signed(claims, {"alg": algorithm, "kid": kid}, key=secret)


def _unsigned(**header: object) -> bytes:
    return unpadded(as_json(header)) + b"." + unpadded(as_json(claims)) + b"."


def _with_signature(signature: bytes, key: SigningKey) -> bytes:
    return key.token(**claims).rpartition(".")[0].encode() + b"." + unpadded(signature)


def _odd(**header: object) -> bytes:
    return eddsa.token(headers=header, **claims).encode()


_JWK = eddsa.jwk
_MALLORY = signing_key(kid="mallory")

REFUSED = {
    "the shared secret of another mode": signed(claims),
    "the shared secret, under a known kid": signed(claims, {"alg": "HS256", "kid": "RS256"}),
    "HS256 with the public key, PEM": _confused(rs256.pem),
    "HS256 with the public key, PEM without a line end": _confused(rs256.pem.strip()),
    "HS256 with the public key, JWK": _confused(json.dumps(rs256.jwk).encode()),
    "HS256 with the public key's modulus": _confused(rs256.jwk["n"].encode()),
    "HS256 with the public key of Ed25519": _confused(_JWK["x"].encode(), kid="EdDSA"),
    "RS256 by name, HS256 with the public key": _confused(rs256.pem, "RS256"),
    "HS256 with the kid as the secret": _confused(b"RS256"),
    "none": _unsigned(alg="none", kid="EdDSA"),
    "None": _unsigned(alg="None", kid="EdDSA"),
    "no algorithm": _unsigned(kid="EdDSA"),
    "EdDSA without a signature": _unsigned(alg="EdDSA", kid="EdDSA"),
    "EdDSA with a signature of NULs": _with_signature(bytes(64), eddsa),
    "EdDSA with a signature that is too long": _with_signature(bytes(65), eddsa),
    "ES256 with r and s of 0": _with_signature(bytes(64), es256),
    "ES256 with r and s of 1": _with_signature((bytes(31) + b"\1") * 2, es256),
    "ES256 with a signature of DER": _with_signature(b"\x30\x06\x02\x01\x01\x02\x01\x01", es256),
    "ES256 with half a signature": _with_signature(bytes(32), es256),
    "RS256 with a signature of NULs": _with_signature(bytes(256), rs256),
    "RS256 with a signature of ones": _with_signature(b"\xff" * 256, rs256),
    "another key under a known kid": _MALLORY.token(headers={"kid": "EdDSA"}, **claims).encode(),
    "a key of its own": _MALLORY.token(headers={"jwk": _MALLORY.jwk}, **claims).encode(),
    "a key of its own, under a known kid": _MALLORY.token(
        headers={"jwk": _MALLORY.jwk, "kid": "EdDSA"}, **claims
    ).encode(),
    "an address of keys": _MALLORY.token(
        headers={"jku": "http://127.0.0.1:1/s3cr3t-mark", "x5u": "file:///etc/passwd"}, **claims
    ).encode(),
    "a certificate of its own": _MALLORY.token(headers={"x5c": ["AAAA"]}, **claims).encode(),
    "no kid": eddsa.token(headers={"kid": None}, **claims).encode(),
    "a kid of a path": _odd(kid="../../../../dev/null"),
    "a kid of SQL": _odd(kid="x' UNION SELECT 'x'; --"),
    "a kid of a command": _odd(kid="|/bin/sleep 10"),
    "a kid of an address": _odd(kid="http://127.0.0.1:1/x"),
    "a kid with a NUL": _odd(kid="EdDSA\0"),
    "a kid with a line end": _odd(kid="EdDSA\r\n{}"),
    "a kid with a lone surrogate": _odd(kid="EdDSA\ud800"),
    "a kid in capitals": _odd(kid="EDDSA"),
    "a kid of 256 characters": _odd(kid="s3cr3t-mark".ljust(256, "x")),
    "an empty kid": _odd(kid=""),
    "critical b64": _odd(crit=["b64"], b64=False),
    "critical and unknown": _odd(crit=["s3cr3t-mark"], **{"s3cr3t-mark": 1}),
    "another issuer": eddsa.token(**claims | {"iss": "https://evil.example.com"}).encode(),
    "an issuer with a slash more": eddsa.token(**claims | {"iss": f"{ISSUER}/"}).encode(),
    "another audience": eddsa.token(**claims | {"aud": "https://evil.example.com"}).encode(),
    "an empty list of audiences": eddsa.token(**claims | {"aud": []}).encode(),
    "an audience that is an object": eddsa.token(**claims | {"aud": {ISSUER: 1}}).encode(),
    "an audience that is a number": eddsa.token(**claims | {"aud": 5}).encode(),
    "no audience": eddsa.token(**claims | {"aud": None}).encode(),
}
CASES = (
    {f"forged: {name}": (token, 401) for name, token in REFUSED.items()}
    | {f"of HS256: {name}": (token, 401) for name, token in tokens.REFUSED.items()}
    | {f"genuine: {name}": (key.token(**claims).encode(), 200) for name, key in keys.items()}
)


class _Issuer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = key_set(*keys.values())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Discarded."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with memory storage, whose issuer the test runs."""
    issuer = ThreadingHTTPServer(("127.0.0.1", 0), _Issuer)
    threading.Thread(target=issuer.serve_forever, daemon=True).start()
    settings = {
        "STORAGE": "memory",
        "BETTER_AUTH_JWKS_URL": f"http://127.0.0.1:{issuer.server_port}/api/auth/jwks",
        "BETTER_AUTH_ISSUER": ISSUER,
        "BETTER_AUTH_AUDIENCE": ISSUER,
        # Set by mistake: it must have no effect.
        "BETTER_AUTH_SECRET": SECRET,
    }
    folder = tmp_path_factory.mktemp("key_set")
    with started("serve", "--host", "127.0.0.1", cwd=folder, **settings) as running:
        running.wait_until_ready()
        yield running
    issuer.shutdown()
    issuer.server_close()


@pytest.fixture(scope="module")
def contract(service: Service) -> Contract:
    return Contract(service)


@pytest.mark.parametrize(("token", "status"), CASES.values(), ids=CASES)
def test_a_token_for_a_key_set(
    service: Service, contract: Contract, token: bytes, status: int
) -> None:
    log = Log(service)
    sent = request("GET", TASKS, token=token)
    [answer] = answers(exchange(service, sent.sent), methods=["GET"])
    assert answer.status == status, answer
    contract.check(sent, answer)
    lines = log.new(until=answer.headers["x-request-id"])
    assert MARK.decode() not in lines
    assert token.decode("latin-1") not in lines
    assert {line["level"] for line in map(json.loads, lines.splitlines())} == {"info"}
