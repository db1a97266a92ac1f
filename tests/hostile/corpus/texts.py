"""Titles and descriptions at the edges of length, white space, encoding and other languages."""

import json
import unicodedata

from tests.hostile.corpus.case import MARK, TASK, one, with_body

_WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

KEPT = {
    "one letter": "x",
    "200 letters": "x" * 200,
    "200 letters beyond the basic plane": "\U0001f600" * 200,
    "200 combining accents": "\u0301" * 200,
    "100 letters, each with a combining accent": "e\u0301" * 100,
    "a decomposed text": unicodedata.normalize("NFD", "Äpfel über Ölöfen"),
    "a ligature": "\ufdfa" * 200,
    "a family of joined emoji": _FAMILY,
    "zero-width characters only": "\u200b\u200c\u200d\u2060",
    "a byte order mark": "\ufeff",
    "right to left": "שלום \u202eevil\u202c עולם",
    "isolates that are never closed": "\u2066\u2067\u2068x",
    "non-characters": "\ufffe\uffff\U0001fffe\U0010ffff",
    "private use": "\ue000\U000f0000",
    "a replacement character": "\ufffd",
    "tags": "\U000e0041\U000e007f",
    "control characters inside": "a\x01\x07\x08\x1b[31m\x7f\x9bb",
    "line ends inside": "a\r\nSet-Cookie: x=y\r\n\r\nHTTP/1.1 200 OK",
    "a forged log line inside": 'a\n{"level": "error", "message": "x"}',
    "terminal codes": "\x1b]0;x\x07\x1b[2J",
    "every white space around": _WHITE + "x" + _WHITE,
    "198 letters between much white space": " " * 5000 + "x" * 198 + "\u3000" * 5000,
    "white space inside": f"a{_WHITE}b",
    "SQL": "x'); DROP TABLE tasks; --",
    "SQL's wildcards": "%_\\%",
    "a dollar quote": "$$; SELECT pg_sleep(10); $$",
    "a placeholder": "%s %(title)s :title $1 {0} {title} ?",
    "Python's formats": "{0.__class__.__mro__} %n%n%n %d",
    "a Log4j lookup": "${jndi:ldap://127.0.0.1/x}",
    "a template": "{{7*7}} <%= 7*7 %> #{7*7} ${7*7}",
    "HTML": "<script>alert(1)</script>",
    "a spreadsheet's formula": "=HYPERLINK(1)",
    "a path": "../../../../etc/passwd",
    "a backslash at the end": "x\\",
    "quotes": "\"'`",
    "JSON": '{"title": "x"}',
    "null": "null",
    "a number": "0",
    "escapes that are text": "\\u0000\\ud800",
    "a mark": MARK.decode(),
}

REFUSED = {
    "201 letters": "x" * 201,
    "201 letters beyond the basic plane": "\U0001f600" * 201,
    "201 combining accents": "\u0301" * 201,
    "201 letters between white space": " " + "x" * 201 + " ",
    "60,000 letters": "x" * 60_000,
    "nothing": "",
    "every white space": _WHITE,
    "5,000 spaces": " " * 5000,
    "a NUL": "\0",
    "a NUL inside": "a\0b",
    "a NUL behind": "s3cr3t-mark\0",
    "a high surrogate": "s3cr3t-mark\ud800",
    "a low surrogate": "\udc00s3cr3t-mark",
    "surrogates in the wrong order": "\udc00\ud800",
    "a surrogate of 200 letters": "x" * 199 + "\udfff",
}


def _titled(title: str) -> bytes:
    return json.dumps({"title": title}).encode()


def _described(description: str) -> bytes:
    return json.dumps({"description": description}).encode()


CASES = [
    *[
        one(f"title: {name}, to create", with_body("POST", _titled(title)), 201, title.strip())
        for name, title in KEPT.items()
    ],
    *[
        one(
            f"title: {name}, to change",
            with_body(
                "PUT", json.dumps({"title": title}, ensure_ascii=False).encode(), target=TASK
            ),
            200,
            title.strip(),
        )
        for name, title in KEPT.items()
    ],
    *[
        one(f"title: {name}, refused", with_body("POST", _titled(title)), 422)
        for name, title in REFUSED.items()
    ],
    *[
        one(f"description: {name}", with_body("PUT", _described(text), target=TASK), 200)
        for name, text in KEPT.items()
        if len(text) <= 1000
    ],
    *[
        one(f"description: {name}, refused", with_body("PUT", _described(text), target=TASK), 422)
        for name, text in REFUSED.items()
        if len(text) > 1000 or set(text) & {"\0", "\ud800"}
        if text.strip(" ")
    ],
]
