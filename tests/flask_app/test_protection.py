import pytest
import requests
import responses
from flask.testing import FlaskClient

from tests.flask_app.rest_answers import API, ID, RECORD, post_file, problem

OWN = "http://localhost"
CROSS_SITE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://evil.example@evil.example"},
    {"Origin": "http://localhost:port"},
    {"Origin": "ftp://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
]
OWN_SITE = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": OWN},
    {"Origin": OWN},
    {"Origin": f"{OWN}:80"},
    {"Origin": "https://localhost"},
    {"Origin": "https://localhost:443"},
]
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
HEADERS = {
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
}


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_post_from_another_site_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    response = post_file(client, headers=headers)
    assert response.status_code == 403
    assert "<h1>Refused: sent from another site" in response.text
    assert "Open the upload page of this site" in response.text


@pytest.mark.parametrize("headers", OWN_SITE)
def test_a_post_from_this_site_or_a_script_passes(
    client: FlaskClient, rest: responses.RequestsMock, headers: dict[str, str]
) -> None:
    rest.post(f"{API}/v1/inspections", json=RECORD)
    assert post_file(client, headers=headers).status_code == 303


def test_behind_the_proxy_the_host_is_the_one_that_the_browser_used(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    rest.post(f"{API}/v1/inspections", json=RECORD)
    headers = {"Origin": "http://plant.example:2020", "X-Forwarded-Host": "plant.example:2020"}
    assert post_file(client, headers=headers).status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("headers", CROSS_SITE)
def test_reading_from_another_site_is_a_link_and_passes(
    client: FlaskClient, headers: dict[str, str], method: str
) -> None:
    assert client.open("/upload", method=method, headers=headers).status_code == 200


@pytest.fixture
def page_paths(rest: responses.RequestsMock) -> list[str]:
    rest.get(f"{API}/v1/models", json={"items": []})
    rest.get(f"{API}/v1/inspections/{ID}", json=RECORD)
    rest.get(f"{API}/v1/media", body=requests.ConnectionError("refused"))
    rest.post(f"{API}/v1/inspections", **problem(500, "x"))
    found = ["/", "/about", "/upload", f"/prediction?filename={ID}.jpg", "/healthz", "/static/site.css"]
    return [*found, "/media/", "/nosuch", "/prediction?filename=broken.png"]


def test_every_answer_has_the_strict_policy(client: FlaskClient, page_paths: list[str]) -> None:
    for path in page_paths:
        with client.get(path) as response:
            headers = response.headers
        directives = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert directives == POLICY, path
        assert set(headers) >= HEADERS, path
        assert "camera=()" in headers["Permissions-Policy"], path


def test_pages_are_asked_for_anew(client: FlaskClient, page_paths: list[str]) -> None:
    for path in page_paths:
        if not path.startswith("/static/"):
            assert client.get(path).headers["Cache-Control"] in ("no-cache", "no-store"), path


@pytest.mark.parametrize(("scheme", "policy"), [("http", None), ("https", "same-origin")])
def test_windows_are_kept_apart_where_browsers_can(client: FlaskClient, scheme: str, policy: str | None) -> None:
    answer = client.get("/upload", headers={"X-Forwarded-Proto": scheme})
    assert answer.headers.get("Cross-Origin-Opener-Policy") == policy


def test_no_page_has_inline_script_style_or_foreign_addresses(client: FlaskClient, page_paths: list[str]) -> None:
    for path in page_paths:
        with client.get(path) as response:
            page = response.get_data(as_text=True)
        for forbidden in ("<style", " style=", " onclick=", "javascript:", 'src="http', 'href="http', "<script>"):
            assert forbidden not in page, path


def test_no_answer_sets_a_cookie(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/upload").headers
