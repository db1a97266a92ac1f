"""Key servers that cannot be reached, and other failures of a fetch."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.jwt.claims import ClaimRules
from adapters.jwt.key_set import KeySetTokenVerifier
from application.errors import KeysUnavailable
from tests.key_set.conftest import FakeClock
from tests.key_set.issuer import FakeIssuer, key_set, response
from tests.key_set.signing_keys import signing_key

NewVerifier = Callable[..., KeySetTokenVerifier]

URL = "https://tasks.example/api/auth/jwks"
NO_KEYS = f"BETTER_AUTH_JWKS_URL={URL} gives no keys"
known = signing_key(kid="first")


def verifier_through(transport: httpx.MockTransport, clock: FakeClock) -> KeySetTokenVerifier:
    return KeySetTokenVerifier(url=URL, rules=ClaimRules(), transport=transport, now=clock)


async def unavailable(verifier: KeySetTokenVerifier) -> str:
    """Return the reason why a token cannot be verified."""
    with pytest.raises(KeysUnavailable) as caught:
        await verifier.subject_of(known.token())
    return str(caught.value)


ERRORS = [
    ImportError("s3cret"),
    KeyError("s3cret"),
    ZeroDivisionError(),
    UnicodeError("s3cret"),
    RecursionError("s3cret"),
    MemoryError(),
    AssertionError("s3cret"),
    StopAsyncIteration(),
    ExceptionGroup("s3cret", [KeyError("s3cret"), ValueError("s3cret")]),
    OSError("s3cret"),
    RuntimeError("unable to perform operation on a closed transport, s3cret"),
    ssl.SSLError("s3cret"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_no_error_of_a_fetch_is_blamed_on_the_token(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    verifier = verifier_through(httpx.MockTransport(fail), clock)
    for _ in range(3):
        reason = await unavailable(verifier)
        assert reason.startswith(f"{NO_KEYS}: ")
        clock.advance(seconds=4)
    [record] = caplog.records
    assert record.exc_info is None
    assert "s3cret" not in reason + caplog.text


async def test_an_unforeseen_error_is_named_by_its_type(clock: FakeClock) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    reason = await unavailable(verifier_through(httpx.MockTransport(fail), clock))
    assert reason == f"{NO_KEYS}: an unforeseen error, ZeroDivisionError"


async def test_a_fetch_that_is_cancelled_from_within_is_not_blamed_on_the_token(
    clock: FakeClock,
) -> None:
    def cancel(_: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError

    verifier = verifier_through(httpx.MockTransport(cancel), clock)
    with pytest.raises(asyncio.CancelledError):
        await verifier.subject_of(known.token())
    assert await unavailable(verifier) == f"{NO_KEYS}: the fetch was interrupted"


async def test_a_name_that_cannot_be_resolved(
    new_verifier: NewVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    reason = await unavailable(new_verifier(url=URL))
    assert reason == f"{NO_KEYS}: its name cannot be resolved (Name or service not known)"


async def test_a_network_that_cannot_be_reached(
    new_verifier: NewVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "create_connection", fail, raising=False)
    reason = await unavailable(new_verifier(url="https://127.0.0.1/jwks"))
    assert reason.endswith("the server cannot be reached (Network is unreachable)")


async def test_a_server_that_does_not_answer(new_verifier: NewVerifier, issuer: FakeIssuer) -> None:
    issuer.hold()
    reason = await unavailable(new_verifier(timeout=0.05))
    assert reason.endswith("gives no keys: the server does not answer in time")


async def test_a_server_without_tls(new_verifier: NewVerifier, issuer: FakeIssuer) -> None:
    reason = await unavailable(new_verifier(url=issuer.url.replace("http", "https")))
    assert reason.endswith(
        "the TLS handshake fails (WRONG_VERSION_NUMBER); if the server has no TLS, write "
        "http:// in the URL"
    )


@pytest.fixture
async def tls_port(tmp_path: Path) -> AsyncIterator[int]:
    """A server whose certificate, in tmp_path, names itself as its authority."""
    key = signing_key("ES256").private
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("other.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_certificate_that_is_not_trusted(new_verifier: NewVerifier, tls_port: int) -> None:
    reason = await unavailable(new_verifier(url=f"https://127.0.0.1:{tls_port}/jwks"))
    assert reason.endswith(
        "its certificate is not trusted (self-signed certificate); if a proxy inspects TLS, or the "
        "authority is your own, set SSL_CERT_FILE to the authority's certificate"
    )


async def test_a_certificate_of_another_host(
    new_verifier: NewVerifier, tls_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    reason = await unavailable(new_verifier(url=f"https://localhost:{tls_port}/jwks"))
    assert "Hostname mismatch, certificate is not valid for 'localhost'" in reason


async def test_the_target_of_a_redirect_is_named(
    new_verifier: NewVerifier, issuer: FakeIssuer
) -> None:
    location = b"location: https://u:s3cret@login.example/sign-in?next=s3cret\r\n"
    issuer.send(response(b"", status="307 Temporary Redirect", headers=location))
    reason = await unavailable(new_verifier())
    assert reason.endswith(
        "the server redirects (307) to https://login.example/sign-in; "
        "set the address of the key set itself"
    )
    issuer.send(response(b"", status="308 x", headers=b"location: /" + b"x" * 500 + b"\r\n"))
    reason = await unavailable(new_verifier())
    assert f"to {issuer.url.partition('/api')[0]}/xxx" in reason
    assert len(reason) < 400


async def test_the_credentials_of_the_url_are_not_shown(
    new_verifier: NewVerifier, issuer: FakeIssuer
) -> None:
    await issuer.down()
    url = issuer.url.replace("//", "//u:s3cret@") + "?key=s3cret"
    reason = await unavailable(new_verifier(url=url))
    assert reason.startswith(f"BETTER_AUTH_JWKS_URL={issuer.url} gives no keys: ")
    assert "s3cret" not in reason


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets proxies in the environment, and no others."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_proxies(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)

    return set_proxies


@pytest.mark.parametrize("setting", ["ALL_PROXY", "https_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "ftp"])
async def test_a_proxy_of_another_kind(
    new_verifier: NewVerifier, proxy: Callable[..., None], setting: str, scheme: str
) -> None:
    proxy(**{setting: f"{scheme}://u:s3cret@127.0.0.1:1080"})
    verifier = new_verifier(url=URL)
    for _ in range(2):
        assert await unavailable(verifier) == (
            f"{NO_KEYS} (through the proxy {setting}={scheme}://127.0.0.1:1080): "
            "only proxies of the form http://host:port are supported"
        )


@pytest.mark.parametrize(
    "exceptions", ["127.0.0.1", "*", "example.com, 127.0.0.1", " .0.0.1", "*.0.0.1"]
)
@pytest.mark.parametrize("setting", ["ALL_PROXY", "http_proxy"])
async def test_no_proxy_excepts_the_key_server_from_any_proxy(
    new_verifier: NewVerifier, proxy: Callable[..., None], setting: str, exceptions: str
) -> None:
    proxy(**{setting: "socks5://127.0.0.1:1080", "NO_PROXY": exceptions})
    assert await new_verifier().subject_of(known.token()) == "ada"


async def test_the_case_of_a_name_in_no_proxy_does_not_count(
    new_verifier: NewVerifier, issuer: FakeIssuer, proxy: Callable[..., None]
) -> None:
    proxy(ALL_PROXY="socks5://127.0.0.1:1080", NO_PROXY="example.com, LocalHost")
    verifier = new_verifier(url=issuer.url.replace("127.0.0.1", "localhost"))
    assert await verifier.subject_of(known.token()) == "ada"


@pytest.mark.parametrize("exceptions", ["example.com", "7.0.0.1", "", ","])
async def test_no_proxy_excepts_no_other_server(
    new_verifier: NewVerifier, proxy: Callable[..., None], exceptions: str
) -> None:
    proxy(ALL_PROXY="socks5://127.0.0.1:1080", no_proxy=exceptions)
    assert "ALL_PROXY=socks5://127.0.0.1:1080" in await unavailable(new_verifier())


async def test_a_proxy_for_another_scheme_is_ignored(
    new_verifier: NewVerifier, proxy: Callable[..., None]
) -> None:
    proxy(https_proxy="socks5://127.0.0.1:1080")
    assert await new_verifier().subject_of(known.token()) == "ada"


async def test_the_key_set_is_fetched_through_a_proxy(
    new_verifier: NewVerifier, issuer: FakeIssuer, proxy: Callable[..., None]
) -> None:
    proxy(http_proxy=issuer.url.removeprefix("http://").partition("/")[0])
    verifier = new_verifier(url="http://tasks.example/api/auth/jwks")
    assert await verifier.subject_of(known.token()) == "ada"


async def test_a_proxy_that_refuses(
    new_verifier: NewVerifier, issuer: FakeIssuer, proxy: Callable[..., None]
) -> None:
    address = issuer.url.partition("/api")[0]
    proxy(https_proxy=address)
    issuer.send(response(b"", status="407 Proxy Authentication\x1b[31m Required"))
    assert await unavailable(new_verifier(url=URL)) == (
        f"{NO_KEYS} (through the proxy https_proxy={address}): "
        r"the proxy answers '407 Proxy Authentication\x1b[31m Required'"
    )


async def test_a_proxy_that_is_down(
    new_verifier: NewVerifier, issuer: FakeIssuer, proxy: Callable[..., None]
) -> None:
    await issuer.down()
    address = issuer.url.partition("/api")[0]
    proxy(HTTPS_PROXY=address)
    assert await unavailable(new_verifier(url=URL)) == (
        f"{NO_KEYS} (through the proxy HTTPS_PROXY={address}): "
        "the connection is refused: nothing listens there"
    )


@pytest.mark.parametrize("address", ["http://:::", "http://", "://", "http://xn--\u0080"])
async def test_a_proxy_that_is_no_url(
    new_verifier: NewVerifier, proxy: Callable[..., None], address: str
) -> None:
    proxy(https_proxy=address)
    reason = await unavailable(new_verifier(url=URL))
    assert "through the proxy https_proxy=" in reason
    assert reason.endswith("only proxies of the form http://host:port are supported")


async def test_a_key_set_without_a_usable_key_says_what_its_keys_are_for(
    new_verifier: NewVerifier, issuer: FakeIssuer
) -> None:
    issuer.publish(signing_key("ES384"), {"kty": "oct", "k": "c2VjcmV0"}, known.jwk | {"d": "x"})
    assert (await unavailable(new_verifier())).endswith(
        "none of the 3 keys in the key set can be used (one is for 'ES384' 'P-384' 'EC', one is "
        "for 'oct', one is private); EdDSA, ES256, ES512, RS256, PS256 are supported"
    )
    issuer.publish(*(signing_key("ES384", kid=str(number)) for number in range(9)))
    assert "none of the 9 keys in the key set can be used (one is for 'ES384' 'P-384' 'EC');" in (
        await unavailable(new_verifier())
    )


async def test_the_first_fetch_and_each_change_of_the_keys_is_logged(
    new_verifier: NewVerifier,
    issuer: FakeIssuer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    verifier = new_verifier()
    other = signing_key("PS256", kid="other")
    for keys in ((known,), (known,), (known, other)):
        issuer.send(response(key_set(*keys)))
        await verifier.subject_of(known.token())
        clock.advance(minutes=11)
    await verifier.subject_of(known.token())
    shown = [message for message in caplog.messages if message.startswith("BETTER_AUTH")]
    assert shown == [
        f"BETTER_AUTH_JWKS_URL={issuer.url} has the keys 'first' (EdDSA)",
        f"BETTER_AUTH_JWKS_URL={issuer.url} has the keys 'first' (EdDSA), 'other' (PS256)",
    ]


async def test_listing_the_keys_fetches_them_once(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    assert await verifier.keys() == {"first": "EdDSA"}
    assert await verifier.keys() == {"first": "EdDSA"}
    assert issuer.fetches == 1


async def test_a_fetch_that_fails_at_the_start_does_not_delay_that_of_the_first_token(
    verifier: KeySetTokenVerifier, issuer: FakeIssuer
) -> None:
    issuer.send(response(b"", status="404 Not Found"))
    with pytest.raises(KeysUnavailable, match="the server answers 404"):
        await verifier.keys()
    issuer.publish(known)
    assert await verifier.subject_of(known.token()) == "ada"
    assert issuer.fetches == 2
