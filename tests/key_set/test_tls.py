"""Unusable files of certificates that the environment names."""

import signal
from pathlib import Path

import certifi
import pytest

from adapters.jwt.tls import tls_context
from application.errors import InvalidConfiguration
from entrypoints.cli import main

CERTIFICATES = Path(certifi.where()).read_text()


@pytest.fixture(autouse=True)
def _no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def problem() -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        tls_context()
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        ("", "it holds no certificate in PEM"),
        ("rubbish", "it holds no certificate in PEM"),
        (CERTIFICATES[:900], "it holds no certificate in PEM"),
    ],
    ids=["missing", "empty", "rubbish", "cut off"],
)
def test_a_file_without_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, reason: str
) -> None:
    file = tmp_path / "certificates.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert problem() == (
        f"SSL_CERT_FILE={file} cannot be used ({reason}): "
        "set it to the certificates that are to be trusted, or unset it"
    )


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    assert "cannot be used (Is a directory)" in problem()


@pytest.mark.parametrize("names", [[], ["certificates.pem"], ["0123abcd.txt"]], ids=str)
def test_a_folder_without_hashed_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).write_text(CERTIFICATES)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert problem() == (
        f"SSL_CERT_DIR={tmp_path} holds no certificates under the names that OpenSSL looks for: "
        "make them with `openssl rehash`, set SSL_CERT_FILE instead, or unset both"
    )
    # It is not used then.
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    tls_context()


def test_a_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    assert "holds no certificates" in problem()


def test_one_of_several_folders_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "0123abcd.0").write_text(CERTIFICATES)
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}:{tmp_path}")
    tls_context()


@pytest.mark.parametrize("name", ["missing/log", "."])
def test_a_key_log_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / name
    monkeypatch.setenv("SSLKEYLOGFILE", str(file))
    assert problem().startswith(f"SSLKEYLOGFILE={file} cannot be written (")
    assert problem().endswith("): unset it")


def test_a_start_ends_with_the_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", "missing.pem")
    monkeypatch.setenv("STORAGE", "memory")
    monkeypatch.setenv("BETTER_AUTH_JWKS_URL", "https://tasks.example/api/auth/jwks")
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main(["serve"]) == 2
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == (
        "tasks-api: SSL_CERT_FILE=missing.pem cannot be used (No such file or directory): "
        "set it to the certificates that are to be trusted, or unset it\n"
    )
