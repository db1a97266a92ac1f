"""Tokens: forged, malformed, or genuine and odd.

Each is what follows the scheme in a request for ada's tasks.
"""

import base64
import hmac
import json
import zlib
from typing import Any

from tests.process.service import SECRET

LATER = 4102444800
"""A time in the far future."""
LONG_AGO = 1_000_000_000

CLAIMS = {"sub": "ada", "exp": LATER}
HEADER = {"alg": "HS256", "typ": "JWT"}


def unpadded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def as_json(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return json.dumps(value).encode()


def signed(
    claims: Any = CLAIMS,
    header: Any = HEADER,
    *,
    key: bytes = SECRET.encode(),
    hashed: str = "sha256",
) -> bytes:
    """A token signed by hand, because no library signs all of these. Bytes are not changed."""
    unsigned = unpadded(as_json(header)) + b"." + unpadded(as_json(claims))
    return unsigned + b"." + unpadded(hmac.digest(key, unsigned, hashed))


def _with(**claims: Any) -> bytes:
    return signed({name: value for name, value in (CLAIMS | claims).items() if value is not ...})


def _headed(**header: Any) -> bytes:
    return signed(header=HEADER | header)


def _said(claims: str) -> bytes:
    return signed(claims.encode())


TOKEN = signed()
"""A good one of ada's."""

_HEAD, _PAYLOAD, _SIGNATURE = TOKEN.split(b".")
_NONE = unpadded(as_json({"alg": "none"})) + b"." + _PAYLOAD + b"."

REFUSED = {
    "one part": b"s3cr3t-mark",
    "two parts": _HEAD + b"." + _PAYLOAD,
    "four parts": TOKEN + b".s3cr3t-mark",
    "five parts, as if encrypted": b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..YWFh.YWFh.YWFh",
    "five good-looking parts": b".".join([_HEAD, _PAYLOAD, _SIGNATURE, _PAYLOAD, _SIGNATURE]),
    "dots only": b"..",
    "4,000 dots": b"." * 4000,
    "an opaque session token": b"pUHQzTcS3cN4yJ0uXrS0sV6JgT2aGd1k.vTqg%2FhW0",
    "no header": b"." + _PAYLOAD + b"." + _SIGNATURE,
    "no payload": _HEAD + b".." + _SIGNATURE,
    "no signature": _HEAD + b"." + _PAYLOAD + b".",
    "half a signature": TOKEN[:-20],
    "a signature with a letter more": TOKEN + b"A",
    "a signature with four letters more": TOKEN + b"AAAA",
    "a signature of NULs": _HEAD + b"." + _PAYLOAD + b"." + b"A" * 43,
    "another payload": _HEAD + b"." + unpadded(as_json(CLAIMS | {"x": 1})) + b"." + _SIGNATURE,
    "standard base64": TOKEN.replace(b"-", b"+").replace(b"_", b"/") + b"+/",
    "white space inside": _HEAD + b". " + _PAYLOAD + b"." + _SIGNATURE,
    "an escape": TOKEN.replace(b".", b"%2E"),
    "JSON's own form": b'{"payload":"' + _PAYLOAD + b'","signature":"' + _SIGNATURE + b'"}',
    "none": _NONE,
    "none with a signature": _NONE + _SIGNATURE,
    "nOnE": unpadded(as_json({"alg": "nOnE"})) + b"." + _PAYLOAD + b".",
    "an empty algorithm": signed(header={"alg": ""}),
    "no algorithm": signed(header={"typ": "JWT"}),
    "algorithm null": signed(header={"alg": None}),
    "algorithm 256": signed(header={"alg": 256}),
    "a list of algorithms": signed(header={"alg": ["HS256"]}),
    "hs256": signed(header={"alg": "hs256"}),
    "HS256 and a space": signed(header={"alg": "HS256 "}),
    "HS384": signed(header={"alg": "HS384"}, hashed="sha384"),
    "HS512": signed(header={"alg": "HS512"}, hashed="sha512"),
    "HS384 that is HS256": signed(header={"alg": "HS384"}),
    "RS256": signed(header={"alg": "RS256"}),
    "EdDSA": signed(header={"alg": "EdDSA"}),
    "two algorithms, the last one none": signed(b'{"alg":"HS256","alg":"none"}', b'{"sub":"ada"}'),
    "two algorithms, the last one unknown": signed(header=b'{"alg":"HS256","alg":"x"}'),
    "an empty secret": signed(key=b"\0"),
    "another secret": signed(key=b"another secret that has thirty-two bytes"),
    "the secret in base64": signed(key=base64.b64encode(SECRET.encode())),
    "the secret and a line feed": signed(key=SECRET.encode() + b"\n"),
    "critical: unknown": _headed(crit=["https://example.com/s3cr3t-mark"]),
    "critical: exp": _headed(crit=["exp"], exp=LATER),
    "critical: empty": _headed(crit=[]),
    "critical: a text": _headed(crit="b64"),
    "critical: null": _headed(crit=None),
    "critical: numbers": _headed(crit=[1]),
    "critical: b64": _headed(crit=["b64"], b64=False),
    "not encoded": _headed(b64=False),
    "a kid that is a number": _headed(kid=5),
    "a kid that is a list": _headed(kid=["x"]),
    "a header that is a list": signed(header=[HEADER]),
    "a header that is a text": signed(header="HS256"),
    "a header that is null": signed(header=None),
    "a header that is a number": signed(header=b"5"),
    "a header that is no JSON": signed(header=b"{alg: HS256}"),
    "a header that is no UTF-8": signed(header=b'{"alg":"HS256","x":"\xff"}'),
    "a header that is empty": signed(header=b""),
    "a header 3,000 deep": signed(header=b'{"alg":"HS256","x":' + b"[" * 2500),
    "a header with NaN in the algorithm": signed(header=b'{"alg":NaN}'),
    "a compressed payload": signed(zlib.compress(as_json(CLAIMS)), HEADER | {"zip": "DEF"}),
    "a payload that is a list": signed([CLAIMS]),
    "a payload that is a text": signed("ada"),
    "a payload that is null": signed(None),
    "a payload that is true": signed(b"true"),
    "a payload that is no JSON": signed(b"{sub: ada}"),
    "a payload that is no UTF-8": signed(b'{"sub":"ada\xff","exp":4102444800}'),
    "a payload that is empty": signed(b""),
    "a payload 2,500 deep": signed(b'{"sub":"ada","exp":4102444800,"x":' + b"[" * 2500),
    "a payload with a number of 5,000 digits": signed(b'{"sub":"ada","exp":' + b"9" * 5000 + b"}"),
    "another token as the payload": signed(TOKEN),
    "no sub": _with(sub=...),
    "sub null": _with(sub=None),
    "sub 5": _with(sub=5),
    "sub true": _with(sub=True),
    "sub a list": _with(sub=["ada"]),
    "sub an object": _with(sub={"id": "ada"}),
    "sub empty": _with(sub=""),
    "sub with a NUL": _with(sub="ada\0"),
    "sub with a lone surrogate": _with(sub="ada\ud800"),
    "sub of 256 characters": _with(sub="x" * 256),
    "sub of 5,000 characters": _with(sub="s3cr3t-mark" * 450),
    "Sub for sub": _with(sub=..., Sub="ada"),
    "no exp": _with(exp=...),
    "exp null": _with(exp=None),
    "exp true": _with(exp=True),
    "exp a word": _with(exp="s3cr3t-mark"),
    "exp a date": _with(exp="2100-01-01T00:00:00Z"),
    "exp a list": _with(exp=[LATER]),
    "exp an object": _with(exp={"$gt": 0}),
    "exp empty": _with(exp=""),
    "exp NaN": _said('{"sub":"ada","exp":NaN}'),
    "exp Infinity": _said('{"sub":"ada","exp":Infinity}'),
    "exp 1e999": _said('{"sub":"ada","exp":1e999}'),
    "exp -1e999": _said('{"sub":"ada","exp":-1e999}'),
    "exp 0": _with(exp=0),
    "exp -1": _with(exp=-1),
    "exp -0.0": _with(exp=-0.0),
    "exp -10^400": _said('{"sub":"ada","exp":-1' + "0" * 400 + "}"),
    "exp long ago": _with(exp=LONG_AGO),
    "exp twice, the last one over": _said('{"sub":"ada","exp":4102444800,"exp":1}'),
    "exp in milliseconds, over": _with(exp=LONG_AGO / 1000),
    "nbf far away": _with(nbf=LATER),
    "nbf a word": _with(nbf="s3cr3t-mark"),
    "nbf NaN": _said('{"sub":"ada","exp":4102444800,"nbf":NaN}'),
    "nbf Infinity": _said('{"sub":"ada","exp":4102444800,"nbf":Infinity}'),
    "nbf a list": _with(nbf=[LONG_AGO]),
    "nbf null": _with(nbf=None),
    "iat far away": _with(iat=LATER),
    "iat a word": _with(iat="s3cr3t-mark"),
    "iat Infinity": _said('{"sub":"ada","exp":4102444800,"iat":Infinity}'),
    "iat an object": _with(iat={}),
    "jti a number": _with(jti=5),
    "Better Auth's cookie cache": signed(
        {"session": {"id": "1"}, "user": {"id": "ada"}, "exp": LATER}
    ),
    "Better Auth's e-mail link": signed({"email": "ada@example.com", "exp": LATER}),
}

ACCEPTED = {
    "a good one": TOKEN,
    "exp a fraction": _with(exp=LATER + 0.5),
    "exp 10^400": _said('{"sub":"ada","exp":1' + "0" * 400 + "}"),
    "exp twice, the last one good": _said('{"sub":"ada","exp":1,"exp":4102444800}'),
    "sub twice, the last one ada": _said('{"sub":"bob","sub":"ada","exp":4102444800}'),
    "escapes in sub": _said('{"\\u0073ub":"\\u0061da","exp":4102444800}'),
    "white space around the claims": _said(' \n{"sub":"ada","exp":4102444800}\t '),
    "unknown claims": _with(role="admin", admin=True, scope="*", s3cr3t={"s3cr3t-mark": None}),
    "aud a text": _with(aud="http://localhost:3000"),
    "aud a list": _with(aud=["a", "b"]),
    "aud null": _with(aud=None),
    "aud 5": _with(aud=5),
    "iss of another issuer": _with(iss="https://evil.example.com"),
    "a header in UTF-16": signed(header=json.dumps(HEADER).encode("utf-16")),
    "no typ": signed(header={"alg": "HS256"}),
    "another typ": _headed(typ="at+jwt"),
    "a kid of a path": _headed(kid="../../../../dev/null"),
    "a kid of SQL": _headed(kid="x' UNION SELECT 'AA'; --"),
    "a kid of 5,000 characters": _headed(kid="x" * 4000),
    "keys of its own": _headed(jwk={"kty": "oct", "k": "AA"}, jku="http://127.0.0.1:1/", x5c=["A"]),
    "zip, but not compressed": _headed(zip="DEF"),
    "two algorithms, the last one good": signed(header=b'{"alg":"none","alg":"HS256"}'),
}
"""Signed with the secret; their other claims do not matter."""

OTHERS = {
    "ADA": "ADA",
    "ada and a space": "ada ",
    "ada and a zero-width space": "ada\u200b",
    "full-width letters": "ａｄａ",
    "255 characters": "x" * 255,
    "a slash": "../ada",
    "SQL": "ada' OR '1'='1",
    "a wildcard": "%",
    "line ends": "ada\r\nX-Y: z",
    "an empty object's text": "{}",
}
"""Subjects of genuine tokens that are not ada."""
