"""Bodies that are not JSON, not objects, too deep, too large, or in another encoding."""

import gzip
import json
import zlib

from tests.hostile.corpus.case import MARK, TASK, Case, one, with_body

GOOD = '{"title": "s3cr3t-mark"}'

NOT_JSON = {
    "empty": b"",
    "white space": b" \t\r\n ",
    "a NUL": b"\0",
    "truncated in a name": b'{"tit',
    "truncated in a text": b'{"title": "' + MARK,
    "truncated behind a text": b'{"title": "' + MARK + b'"',
    "truncated in an escape": b'{"title": "' + MARK + b"\\u00",
    "two documents": GOOD.encode() * 2,
    "something behind it": GOOD.encode() + b"}",
    "a NUL behind it": GOOD.encode() + b"\0",
    "single quotes": b"{'title': 's3cr3t-mark'}",
    "no quotes": b"{title: s3cr3t-mark}",
    "a comma too many": b'{"title": "s3cr3t-mark",}',
    "a comma too few": b'{"title": "s3cr3t-mark" "x": 1}',
    "a comment": b'{"title": "x" /* s3cr3t-mark */}',
    "a prefix against hijacking": b")]}',\n" + GOOD.encode(),
    "XML": b"<title>s3cr3t-mark</title>",
    "an external entity": b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>',
    "YAML": b"title: s3cr3t-mark",
    "a form": b"title=s3cr3t-mark&description=x",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07s3cr3t-\x94.",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16 with a mark": GOOD.encode("utf-16"),
    "UTF-16, little end first": GOOD.encode("utf-16-le"),
    "UTF-16, big end first": GOOD.encode("utf-16-be"),
    "UTF-32 with a mark": GOOD.encode("utf-32"),
    "UTF-32, big end first": GOOD.encode("utf-32-be"),
    "UTF-7": b"+AHsAIg-title",
    "Latin-1": '{"title": "s3cr3t-märk"}'.encode("latin-1"),
    "overlong UTF-8": b'{"title": "s3cr3t-m\xc1\xa1rk"}',
    "an overlong NUL": b'{"title": "s3cr3t-mark\xc0\x80"}',
    "an encoded surrogate": b'{"title": "s3cr3t-mark\xed\xa0\x80"}',
    "an encoded pair of surrogates": b'{"title": "s3cr3t-mark\xed\xa0\xbd\xed\xb8\x80"}',
    "UTF-8 beyond Unicode": b'{"title": "s3cr3t-mark\xf4\x90\x80\x80"}',
    "UTF-8 cut off": b'{"title": "s3cr3t-mark\xf0\x9f\x98"}',
    "a raw NUL in a text": b'{"title": "s3cr3t-mark\0"}',
    "a raw line feed in a text": b'{"title": "s3cr3t-mark\n"}',
    "a raw tab in a text": b'{"title": "s3cr3t-mark\t"}',
    "an unknown escape": b'{"title": "s3cr3t-mark\\x41"}',
    "an escape of three digits": b'{"title": "s3cr3t-mark\\u004"}',
    "an escape with a sign": b'{"title": "s3cr3t-mark\\u+041"}',
    "NaN": b'{"title": "s3cr3t-mark", "x": NaN}',
    "Infinity": b'{"title": "s3cr3t-mark", "x": Infinity}',
    "-Infinity": b'{"title": "s3cr3t-mark", "x": -Infinity}',
    "NaN alone": b"NaN",
    "a number with a plus sign": b'{"title": "s3cr3t-mark", "x": +1}',
    "a number with a leading zero": b'{"title": "s3cr3t-mark", "x": 01}',
    "a number that begins with a point": b'{"title": "s3cr3t-mark", "x": .5}',
    "a number that ends with a point": b'{"title": "s3cr3t-mark", "x": 5.}',
    "a hexadecimal number": b'{"title": "s3cr3t-mark", "x": 0x10}',
    "a number with underscores": b'{"title": "s3cr3t-mark", "x": 1_0}',
    "True": b'{"title": "s3cr3t-mark", "x": True}',
    "None": b'{"title": None}',
    "undefined": b'{"title": undefined}',
    "a name without quotes": b'{"title": "s3cr3t-mark", 5: 5}',
    "Arabic digits": '{"title": "s3cr3t-mark", "x": ١٢}'.encode(),
    "a no-break space between tokens": '{"title":\xa0"s3cr3t-mark"}'.encode(),
    "lists 100 deep in an object": b'{"title": "t", "x": ' + b"[" * 100 + b"]" * 100 + b"}",
    "lists 30,000 deep": b'{"title": "s3cr3t-mark", "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "lists 60,000 deep, cut off": b"[" * 60_000,
    "objects 12,000 deep": b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
    "gzip": gzip.compress(GOOD.encode()),
    "deflate": zlib.compress(GOOD.encode()),
}

BREAKS_A_RULE = {
    "null": b"null",
    "true": b"true",
    "a number": b"5",
    "-0": b"-0",
    "10^400": b"1" + b"0" * 400,
    "a text": b'"s3cr3t-mark"',
    "a text that is JSON": json.dumps(GOOD).encode(),
    "an empty list": b"[]",
    "a list of a task": b"[" + GOOD.encode() + b"]",
    "a list of pairs": b'[["title", "s3cr3t-mark"]]',
    "title null": b'{"title": null}',
    "title true": b'{"title": true}',
    "title 5": b'{"title": 5}',
    "title -0": b'{"title": -0}',
    "title 1e999": b'{"title": 1e999}',
    "title -1e999": b'{"title": -1e999}',
    "title 1e-999": b'{"title": 1e-999}',
    "title 10^400": b'{"title": 1' + b"0" * 400 + b"}",
    "title of 60,000 digits": b'{"title": ' + b"9" * 60_000 + b"}",
    "title a list": b'{"title": ["s3cr3t-mark"]}',
    "title an object": b'{"title": {"$ne": "s3cr3t-mark"}}',
    "title an object of JavaScript's": b'{"title": {"toString": "s3cr3t-mark", "length": 1}}',
    "title empty": b'{"title": ""}',
    "title twice, the last one wrong": b'{"title": "s3cr3t-mark", "title": null}',
    "title twice, the last one empty": b'{"title": "s3cr3t-mark", "\\u0074itle": " "}',
    "description true": b'{"title": "s3cr3t-mark", "description": true}',
    "description 0": b'{"title": "s3cr3t-mark", "description": 0}',
    "description a list": b'{"title": "s3cr3t-mark", "description": ["s3cr3t-mark"]}',
    "description an object": b'{"title": "s3cr3t-mark", "description": {}}',
    "description of 1,001": b'{"title": "t", "description": "%b"}' % (b"x" * 1001),
    "description twice, the last one wrong": b'{"title": "t", "description": "", "description": 5}',
    "an unknown name with a NUL": b'{"title": "t", "s3cr3t-mark\\u0000": 1}',
    "an unknown name with a lone surrogate": b'{"title": "t", "s3cr3t-mark\\ud800": 1}',
    "both wrong": b'{"title": [], "description": {"s3cr3t-mark": 1}}',
}

NO_BOOLEANS = [b"null", b"1", b"0", b"-0", b"1e999", b'"yes"', b'"s3cr3t-mark"', b"[]", b"{}"]

GOOD_ENOUGH = {
    "white space around it": b" \r\n\t" + GOOD.encode() + b" \r\n\t",
    "title twice, the first one wrong": b'{"title": null, "title": "t"}',
    "an escaped name": b'{"\\u0074itle": "t"}',
    "an unknown name that is empty": b'{"title": "t", "": "s3cr3t-mark"}',
    "an unknown value with a lone surrogate": b'{"title": "t", "x": ["s3cr3t-mark\\udfff"]}',
    "a prototype": b'{"title": "t", "__proto__": {"completed": true}, "constructor": 1}',
    "Python's own names": b'{"title": "t", "__class__": 1, "__dict__": {}, "self": 1, "cls": 2}',
    "the fields of a whole task": b'{"title": "t", "id": 1, "user_id": "bob", "completed": true, '
    b'"created_at": "s3cr3t-mark", "updated_at": null}',
    "names in capitals": b'{"title": "t", "TITLE": 5, "Title": null, " title": 1, "title ": 2}',
    "an unknown -0": b'{"title": "t", "x": -0, "y": -0.0}',
    "an unknown 1e999": b'{"title": "t", "x": 1e999}',
    "an unknown 10^400": b'{"title": "t", "x": 1' + b"0" * 400 + b"}",
    "an unknown number of 50,000 digits": b'{"title": "t", "x": ' + b"9" * 50_000 + b"}",
    "an unknown fraction of 50,000 digits": b'{"title": "t", "x": 0.' + b"9" * 50_000 + b"}",
    "unknown lists 99 deep": b'{"title": "t", "x": ' + b"[" * 99 + b"]" * 99 + b"}",
    "5,000 unknown names": json.dumps(
        {"title": "t"} | {f"x{number}": number for number in range(4000)}
    ).encode(),
    "description null": b'{"title": "t", "description": null}',
    "description empty": b'{"title": "t", "description": ""}',
    "description of 1,000": b'{"title": "t", "description": "%b"}' % (b"x" * 1000),
    "64 KiB exactly": b'{"title": "t", "x": "%b"}' % (b"x" * (64 * 1024 - 23)),
}

TYPES: dict[str, tuple[bytes | None, int]] = {
    "none": (None, 415),
    "empty": (b"", 415),
    "text/plain": (b"text/plain", 415),
    "text/json": (b"text/json", 415),
    "a form": (b"application/x-www-form-urlencoded", 415),
    "a multipart form": (b"multipart/form-data; boundary=" + MARK, 415),
    "XML": (b"application/xml", 415),
    "JSON lines": (b"application/jsonl", 415),
    "a prefix of JSON's": (b"application/jso", 415),
    "JSON with something behind it": (b"application/json/" + MARK, 415),
    "JSON in a parameter": (b"text/plain; application/json", 415),
    "JSON behind a comma": (b"text/plain, application/json", 415),
    "JSON and a comma": (b"application/json, text/plain", 415),
    "a space in JSON's": (b"application /json", 415),
    "a star": (b"*/*", 415),
    "a semicolon alone": (b";", 415),
    "raw bytes": (b"\xff\xfe", 415),
    "quotes": (b'"application/json"', 415),
    "60,000 characters": (b"application/" + b"x" * 60_000, 415),
    "in capitals": (b"APPLICATION/JSON", 201),
    "a charset": (b"application/json; charset=utf-8", 201),
    "another charset": (b"application/json; charset=utf-16", 201),
    "a parameter that is none": (b"application/json;;; =;" + MARK, 201),
    "a kind of JSON": (b"application/merge-patch+json", 201),
}


def _both(name: str, body: bytes, created: int, changed: int) -> list[Case]:
    return [
        one(f"{name}, to create", with_body("POST", body), created),
        one(f"{name}, to change", with_body("PUT", body, target=TASK), changed),
    ]


CASES = [
    *[
        case
        for name, body in NOT_JSON.items()
        for case in _both(f"no JSON: {name}", body, 400, 400)
    ],
    *[
        case
        for name, body in BREAKS_A_RULE.items()
        for case in _both(f"a rule: {name}", body, 422, 422)
    ],
    *[
        case
        for name, body in GOOD_ENOUGH.items()
        for case in _both(f"good enough: {name}", body, 201, 200)
    ],
    *[
        one(f"completed: {value.decode()}, {method}", with_body(method, body, target=target), 422)
        for value in NO_BOOLEANS
        for body in [b'{"completed": %b}' % value]
        for method, target in (("PUT", TASK), ("PATCH", TASK + b"/complete"))
    ],
    *_both("no title", b"{}", 422, 200),
    *_both("only unknown names", b'{"x": "s3cr3t-mark"}', 422, 200),
    *[
        one(
            f"content type: {name}", with_body("POST", b'{"title": "t"}', content_type=said), status
        )
        for name, (said, status) in TYPES.items()
    ],
    one(
        "content type: a good one, then a bad one",
        with_body("POST", b'{"title": "t"}', b"Content-Type: text/plain"),
        None,
    ),
    one(
        "content type: a bad one, then a good one",
        with_body(
            "POST",
            b'{"title": "t"}',
            b"Content-Type: application/json",
            content_type=b"text/plain",
        ),
        None,
    ),
    *[
        one(
            f"content encoding: {coding.decode()}",
            with_body("POST", body, b"Content-Encoding: " + coding),
            None,
        )
        for coding, body in {
            b"gzip": gzip.compress(GOOD.encode()),
            b"deflate": zlib.compress(GOOD.encode()),
            b"br": b"\x0b\x0b\x80" + MARK,
            b"identity": GOOD.encode(),
            b"gzip, gzip": gzip.compress(gzip.compress(GOOD.encode())),
            b"none-that-is-known": GOOD.encode(),
        }.items()
    ],
    one(
        "content encoding: a bomb",
        with_body("POST", gzip.compress(b" " * 20_000_000), b"Content-Encoding: gzip"),
        None,
    ),
]
