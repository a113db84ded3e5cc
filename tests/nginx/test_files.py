"""The files that nginx serves itself."""

import socket
from pathlib import Path

import pytest

from tests.nginx.conftest import FrontDoor

TYPES = {
    "a.jpg": "image/jpeg",
    "a.jpeg": "image/jpeg",
    "a.JPG": "image/jpeg",
    "a.png": "image/png",
    "a.bmp": "image/bmp",
    "a.tif": "image/tiff",
    "a.tiff": "image/tiff",
    "a.webp": "image/webp",
    "a.json": "application/json",
    "two words.png": "image/png",
}
NOT_SERVED = ["a.html", "a.svg", "a.js", "a.php", "a.txt", "a", ".hidden.png", ".a.png.part", "a.png.part", "a.json~"]


def put(door: FrontDoor, name: str, content: bytes = b"content") -> None:
    (door.home / "media" / name).write_bytes(content)


@pytest.mark.parametrize(("name", "content_type"), TYPES.items())
def test_pictures_and_records_are_served_so_that_nothing_in_them_runs(
    door: FrontDoor, name: str, content_type: str
) -> None:
    put(door, name)
    answer = door.get(f"/media/{name}")
    assert (answer.status_code, answer.content) == (200, b"content")
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", NOT_SERVED)
def test_nothing_else_on_the_media_volume_is_served(door: FrontDoor, name: str) -> None:
    put(door, name)
    assert door.get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize(
    "target",
    [
        "/media/../nginx/nginx.json",
        "/media/..%2fsecret.json",
        "/media/%2e%2e/secret.json",
        "/media/folder/inner.json",
        "/media/..%5csecret.json",
        "/media//secret.json/../../secret.json",
        "/static/../secret.json",
        "/static/%2e%2e/app.py",
        "/static../app.py",
    ],
)
def test_no_path_leaves_its_folder(door: FrontDoor, target: str) -> None:
    (door.home / "secret.json").write_text("secret")
    (door.home / "nginx/nginx.json").write_text("secret")
    (door.home / "media/folder").mkdir(exist_ok=True)
    (door.home / "media/folder/inner.json").write_text("secret")
    # a client library would tidy the path up before sending it
    with socket.create_connection(door.host, timeout=10) as connection:
        connection.sendall(f"GET {target} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"secret\n" not in answer
    assert not answer.endswith(b"secret")
    assert b" 200 " not in answer.split(b"\r\n")[0] or door.site.received


def test_a_link_out_of_the_media_volume_is_not_followed(door: FrontDoor, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_text("secret")
    (door.home / "media/link.json").symlink_to(tmp_path / "outside.json")
    assert door.get("/media/link.json").status_code in (403, 404)


def test_files_are_only_read(door: FrontDoor) -> None:
    put(door, "a.png")
    assert door.post("/media/a.png", data=b"x").status_code == 405


def test_static_files_named_by_their_digest_are_kept_for_good(door: FrontDoor) -> None:
    answer = door.get("/static/site.css?v=0123456789ab")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css"
    assert door.get("/static/site.css").headers["Cache-Control"] == "no-cache"
