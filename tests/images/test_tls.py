"""sslmode=verify-full in the production image, with the image's certificate authorities."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.images.engine import PROD, SECRET, answers, podman, start

pytestmark = pytest.mark.images

URL = "postgresql://tasks:a-password@{host}:6432/tasks?sslmode=verify-full&sslrootcert=system"


@pytest.fixture(scope="module")
def authority(network: str, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the host `tls`, whose PgBouncer accepts only TLS."""
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    certificate(folder, "tls")
    (folder / "users.txt").write_text('"tasks" "a-password"\n')
    (folder / "pgbouncer.ini").write_text(
        """[databases]
tasks = host=db
[pgbouncer]
listen_addr = *
listen_port = 6432
auth_type = scram-sha-256
auth_file = /tls/users.txt
pool_mode = transaction
client_tls_sslmode = require
client_tls_cert_file = /tls/tls.crt
client_tls_key_file = /tls/tls.key
"""
    )
    start(
        "docker.io/library/tasks-api-pooler",
        "pgbouncer",
        "/tls/pgbouncer.ini",
        name="tls",
        network=network,
        options=[f"--volume={folder}:/tls:ro", "--network-alias=other"],
    )
    return folder / "tls.crt"


def certificate(folder: Path, host: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.crt").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def start_service(network: str, host: str, *options: str) -> None:
    start(
        PROD,
        name="api",
        network=network,
        options=["--read-only", "--publish=127.0.0.1:8000:8000", *options],
        settings={"NEON_DB_URL": URL.format(host=host), "BETTER_AUTH_SECRET": SECRET},
    )
    answers("http://127.0.0.1:8000/health/live", seconds=20)


@pytest.fixture(autouse=True)
def _no_service_is_left() -> Iterator[None]:
    yield
    podman("rm", "--force", "--time=0", "api")


def test_a_host_with_a_trusted_certificate_is_accepted(network: str, authority: Path) -> None:
    start_service(network, "tls", trusting(authority))
    answers("http://127.0.0.1:8000/health/ready", seconds=10)


def test_a_host_with_an_untrusted_certificate_is_refused(network: str, authority: Path) -> None:
    assert authority.exists()
    start_service(network, "tls")
    assert "certificate verify failed" in podman("logs", "api").stderr


def test_a_host_with_another_hosts_certificate_is_refused(network: str, authority: Path) -> None:
    start_service(network, "other", trusting(authority))
    assert "does not match host name" in podman("logs", "api").stderr


def trusting(authority: Path) -> str:
    return f"--volume={authority}:/etc/ssl/certs/ca-certificates.crt:ro"
