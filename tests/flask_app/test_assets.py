import re
from pathlib import Path

import pytest
from flask import Flask, url_for

from flask_app.app import create_app
from flask_app.assets import YEAR_S, _version, imports_of
from flask_app.settings import Settings


def test_every_static_address_carries_its_contents_digest(app: Flask) -> None:
    page = app.test_client().get("/upload").text
    addresses = re.findall(r'<(?!link rel="modulepreload")[^>]*(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 4
    assert all(re.fullmatch(r"/static/[a-z/-]+\.[a-z]+\?v=[0-9a-f]{12}", address) for address in addresses)


def test_a_page_names_each_module_that_its_scripts_import_once(app: Flask) -> None:
    page = app.test_client().get("/upload").text
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', page)
    assert {"upload/row.js", "format.js", "picture-header.js"} < set(preloaded)
    assert len(preloaded) == len(set(preloaded))


def test_imports_are_followed_however_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "page.js").write_text('import "./parts/a.js";\nimport {\n  two,\n} from "./parts/b.js";\n')
    (tmp_path / "parts/a.js").write_text('import { b } from "./b.js";\n')
    (tmp_path / "parts/b.js").write_text('import { c } from "../c.js";\nconst none = "./none.js";\n')
    assert sorted(imports_of(tmp_path, "page.js")) == ["c.js", "parts/a.js", "parts/b.js"]


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
