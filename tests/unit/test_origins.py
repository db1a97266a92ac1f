"""Normalized origins, and the origins that a list allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.origins import AllowedOrigins, as_browsers_write, split_origins


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("https://app.example.com:80", "https://app.example.com:80"),
        ("http://localhost:03000", "http://localhost:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("http://127.1:3000", "http://127.0.0.1:3000"),
        ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("Capacitor://LocalHost", "capacitor://localhost"),
        ("https://App-*.Example.com:443/", "https://app-*.example.com"),
        ("https://*-team.bücher.example:8443", "https://*-team.xn--bcher-kva.example:8443"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(given: str, written: str) -> None:
    assert as_browsers_write(given) == written
    assert as_browsers_write(written) == written


STAR = r"has a \* that is not a part of the first label"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("*", r"has a \* for every origin"),
        ("null", "is sent for a local file or a sandboxed frame"),
        ("app.example.com", "has no scheme and host"),
        ("localhost:3000", "has no scheme and host"),
        ("https://", "has no scheme and host"),
        ("https:///app.example.com", "has no scheme and host"),
        ("https://app.example.com/path", "write https://app.example.com$"),
        ("https://app.example.com?x=y", "write https://app.example.com$"),
        ("https://app.example.com#x", "write https://app.example.com$"),
        ("https://s3cr3t:s3cr3t@App.example.com", "write https://app.example.com$"),
        ("https://app example.com", "is no origin"),
        ("https://app.example.com:x", "is no origin"),
        ("https://app.example.com:65536", "is no origin"),
        ("http://256.256.256.256", "is no origin"),
        ("ws://app.example.com", "has the scheme ws"),
        ("file://app.example.com", "has the scheme file"),
        ("https://*.example.com", STAR),
        ("https://app-*.com", STAR),
        ("https://app-*.com.", STAR),
        ("https://app-*", STAR),
        ("https://app.*.example.com", STAR),
        ("https://a-*-*.example.com", STAR),
        ("https://app-*.b-*.example.com", STAR),
        ("https://büro-*.example.com", STAR),
        ("https://app.example.com:80*", STAR),
        ("http://[::*]", STAR),
        ("https://app-*.example.com/path", r"write https://app-\*.example.com$"),
    ],
)
def test_what_no_browser_sends_is_refused_with_a_reason(given: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        as_browsers_write(given)
    assert "s3cr3t" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("http://localhost:3000,s3cr3t", r"\(origin 2 of 2\) has no scheme and host"),
        (",s3cr3t,,http://localhost:3000", r"\(origin 1 of 2\) has no scheme and host"),
        ("http://s3cr3t;http://b.example", "^needs commas between origins"),
        ("http://s3cr3t http://b.example", "^needs commas between origins"),
        ("http://a.example,http://s3cr3t|b", r"\(origin 2 of 2\) needs commas"),
        ('["http://s3cr3t"]', "^needs commas between origins"),
    ],
)
def test_a_wrong_origin_of_a_list_is_named_by_its_place(given: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        split_origins(given)
    assert "s3cr3t" not in str(refusal.value)


ALLOWED = AllowedOrigins(
    ["http://localhost:3000", "https://app-*.example.com", "https://*-x.example.com:8443"]
)


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:3000", True),
        ("http://localhost", False),
        ("HTTP://localhost:3000", False),
        ("http://localhost:3000/", False),
        ("https://app-1.example.com", True),
        ("https://app-feature-1-ada.example.com", True),
        ("https://1-x.example.com:8443", True),
        ("https://1-x.example.com", False),
        ("https://app-.example.com", False),
        ("https://app-1.other.example.com", False),
        ("https://app-1xexample.com", False),
        ("https://app-1.example.com.evil.com", False),
        ("https://app-1.example.com\n", False),
        ("https://evil.com/app-1.example.com", False),
        ("https://xapp-1.example.com", False),
        ("http://app-1.example.com", False),
        ("https://app-*.example.com", False),
        ("", False),
        ("null", False),
    ],
)
def test_a_star_stands_for_a_part_of_a_label_only(origin: str, is_allowed: bool) -> None:
    assert (origin in ALLOWED) is is_allowed


@given(st.from_regex(r"[a-z0-9-]{0,5}\*[a-z0-9-]{0,5}", fullmatch=True), st.text(max_size=20))
def test_what_a_star_admits_is_always_one_host_below_the_domain(label: str, text: str) -> None:
    if label == "*":
        label = "a*"
    allowed = AllowedOrigins([as_browsers_write(f"https://{label}.example.com")])
    origin = f"https://{label.replace('*', text)}.example.com"
    within_a_label = (text.isascii() and text.replace("-", "").isalnum()) or set(text) == {"-"}
    assert (origin in allowed) is (bool(text) and within_a_label and text == text.lower())
