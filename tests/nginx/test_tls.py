"""HTTPS beside HTTP, when a certificate is given."""

import shutil
import subprocess
from pathlib import Path

import pytest

from nginx.local.__main__ import free_port
from tests.nginx.conftest import FrontDoor, OpenDoor


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1 and its key."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is needed to make a certificate: apt install openssl")
    folder: Path = tmp_path_factory.mktemp("tls")
    make = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*make, *names, *files, "-days", "2"], check=True, capture_output=True)
    return folder


@pytest.fixture
def door(open_door: OpenDoor, certificate: Path) -> FrontDoor:
    return open_door(
        TLS_CERT=str(certificate / "certificate.pem"),
        TLS_KEY=str(certificate / "key.pem"),
        TLS_PORT=str(free_port()),
    )


def test_both_are_served_and_the_services_know_which(door: FrontDoor, certificate: Path) -> None:
    port = next(
        line for line in (door.home / "nginx/conf/listen/plain-and-tls").read_text().splitlines() if "ssl " in line
    )
    secure = FrontDoor(f"https://{port.split()[1]}", door.host, door.home, door.site, door.api)
    assert secure.get("/api/readyz", verify=str(certificate / "certificate.pem")).ok
    assert door.api.last.headers["X_FORWARDED_PROTO"] == "https"
    assert secure.get("/", verify=str(certificate / "certificate.pem")).ok
    assert door.site.last.headers["X_FORWARDED_PROTO"] == "https"
    assert door.get("/").ok
    assert door.site.last.headers["X_FORWARDED_PROTO"] == "http"
