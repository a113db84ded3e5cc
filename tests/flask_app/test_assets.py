import re
from pathlib import Path

import pytest
from flask import Flask, url_for

from flask_app.app import create_app
from flask_app.assets import YEAR_S, _version
from flask_app.settings import Settings


def test_every_static_address_carries_its_contents_digest(app: Flask) -> None:
    page = app.test_client().get("/upload").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 4
    assert all(re.fullmatch(r"/static/[a-z/-]+\.[a-z]+\?v=[0-9a-f]{12}", address) for address in addresses)


def test_the_address_changes_with_the_contents(tmp_path: Path) -> None:
    style = tmp_path / "site.css"
    style.write_text("a {}")
    before = _version(style)
    _version.cache_clear()
    style.write_text("b {}")
    assert _version(style) != before


def test_a_file_that_is_not_there_has_no_digest(app: Flask) -> None:
    with app.test_request_context():
        assert url_for("static", filename="nosuch.css") == "/static/nosuch.css"


@pytest.mark.parametrize(("query", "max_age"), [("?v=0123", YEAR_S), ("", None)])
def test_only_addresses_with_a_digest_are_kept_for_good(settings: Settings, query: str, max_age: int | None) -> None:
    with create_app(settings).test_client().get(f"/static/site.css{query}") as response:
        assert response.cache_control.max_age == max_age
