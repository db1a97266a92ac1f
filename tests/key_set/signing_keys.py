"""Signing keys of an issuer."""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms

ISSUER = "https://tasks.example"
ALGORITHMS = ("EdDSA", "ES256", "ES512", "RS256", "PS256")


@dataclass(frozen=True)
class SigningKey:
    """A private key, and the algorithm and the ``kid`` that its issuer uses it with."""

    private: Any
    algorithm: str
    kid: str

    def __str__(self) -> str:
        return f"{self.algorithm} {self.kid}"

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the published key, with the members that Better Auth sets."""
        public: dict[str, Any] = get_default_algorithms()[self.algorithm].to_jwk(
            self.private.public_key(), as_dict=True
        )
        return public | {"alg": self.algorithm, "kid": self.kid}

    @property
    def pem(self) -> bytes:
        public: bytes = self.private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return public

    def token(
        self, *, algorithm: str | None = None, headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token for ``ada`` as Better Auth makes it, with ``claims`` instead of the usual ones.

        A claim or header of None is left out.
        """
        now = int(time.time())
        usual = {"sub": "ada", "iss": ISSUER, "aud": ISSUER, "iat": now, "exp": now + 900}
        header = {"kid": self.kid} | (headers or {})
        return jwt.encode(
            {name: value for name, value in (usual | claims).items() if value is not None},
            self.private,
            algorithm=algorithm or self.algorithm,
            headers={name: value for name, value in header.items() if value is not None},
        )


def signing_key(algorithm: str = "EdDSA", kid: str = "first") -> SigningKey:
    """Return the key with these names; the same names always give the same key."""
    return SigningKey(_private_key(algorithm, kid), algorithm, kid)


@cache
def _private_key(algorithm: str, _kid: str) -> Any:
    match algorithm:
        case "EdDSA":
            return Ed25519PrivateKey.generate()
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
        case "ES512":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ed448_key(kid: str) -> SigningKey:
    return SigningKey(Ed448PrivateKey.generate(), "EdDSA", kid)


def short_rsa_key(kid: str) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
    return SigningKey(private, "RS256", kid)
