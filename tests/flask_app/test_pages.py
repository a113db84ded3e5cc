import re

import pytest
import requests
import responses
from flask.testing import FlaskClient

from flask_app.wording import UNKNOWN
from tests.flask_app.rest_answers import API, problem

CARD = {
    "description": "A U-Net for <b>steel</b>.",
    "created_at": "2026-01-02T03:04:05Z",
    "classes": ["class 1", "class 2"],
    "input": {"stride": 32, "height": [128, 512], "width": [256, 4096]},
    "threshold": {"value": 0.51, "uncertainty": 0.05, "min_region_px": 100},
    "metrics": [{"name": "Dice", "value": 0.7134, "interval": [0.64, 0.77], "data": "held out", "method": "mean"}],
    "data": [{"name": "Severstal", "pictures": 102, "licence": "Research.", "citation": "Kaggle 2019."}],
    "licence": {"code": "MIT", "weights": "research use only"},
    "known_weaknesses": ["Hairlines are missed."],
}
MODEL = {"name": "steel-unet", "version": "3", "digest": "sha256:abc", "active": True, "card": CARD}


@pytest.mark.parametrize("path", ["/", "/home", "/index"])
def test_home_has_three_addresses(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.text == client.get("/").text


def test_home_pictures_the_three_services_and_four_ways(client: FlaskClient) -> None:
    page = client.get("/", base_url="http://sheets.example:2020").text
    for words in ("nginx", "flask_app", "defect-api-service", ":2020", ":8080", ":9090"):
        assert words in page
    assert page.count('<li class="card">') == 4
    assert "http://sheets.example:2020/api/v1/inspections" in page


def test_every_page_marks_itself_in_the_menu(client: FlaskClient) -> None:
    assert '<a href="/upload" aria-current="page">' in client.get("/upload").text
    assert '<a class="brand" href="/" aria-current="page">' in client.get("/").text


def test_about_shows_the_active_models_card(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(f"{API}/v1/models", json={"items": [{**MODEL, "name": "older", "active": False}, MODEL]})
    page = client.get("/about").text
    for words in ("steel-unet", "version 3", "class 1, class 2", "0.713", "0.640 to 0.770", "Hairlines are missed."):
        assert words in page
    assert "research use only" in page
    assert "A U-Net for &lt;b&gt;steel&lt;/b&gt;." in page
    assert "older" not in page


def test_about_says_once_what_figures_have_in_common(client: FlaskClient, rest: responses.RequestsMock) -> None:
    metrics = [
        {"name": "Dice", "value": 0.7, "data": "five folds", "method": "hard; all pictures; out of fold; evaluate"},
        {
            "name": "slope",
            "value": -1,
            "interval": [0.505, 2.365],
            "data": "five folds",
            "method": "1 is right; evaluate",
        },
        {"name": "AUC", "value": 1, "interval": [0.9, 1], "data": "all", "method": "out of fold; evaluate"},
        {
            "name": "false calls",
            "value": 17.241,
            "interval": [7.598, 34.548],
            "data": "all",
            "method": "by Wilson; pack",
        },
    ]
    rest.get(f"{API}/v1/models", json={"items": [{**MODEL, "card": {**CARD, "metrics": metrics}}]})

    table = client.get("/about").text.partition('<table class="table stack measured"')[2].partition("</table>")[0]

    words = re.sub(r"<.*?>|\s+", " ", table.partition("</thead>")[2])
    assert " ".join(words.split()) == (
        f"five folds evaluate Dice 0.700 {UNKNOWN} hard; all pictures; out of fold slope -1.00 0.51 to 2.37 1 is right "
        "all AUC 1.000 0.900 to 1.000 out of fold; evaluate all false calls 17.2 7.6 to 34.5 by Wilson; pack"
    )


def test_about_shows_the_limits_of_pictures_that_can_be_judged(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    limits = {"ranges": {"strip_share": [0.1, None], "sharpness": [0.5, 2.5]}, "novelty": 1.9}
    card = {**CARD, "conditions": limits}
    rest.get(f"{API}/v1/models", json={"items": [{**MODEL, "card": card}]})
    page = " ".join(client.get("/about").text.split())
    assert '<dt>Steel in the picture, share</dt><dd class="num">at least 0.100</dd>' in page
    assert '<dt>Sharpness</dt><dd class="num">at least 0.500, at most 2.500</dd>' in page
    assert '<dt>Distance from the training data</dt><dd class="num">at most 1.900</dd>' in page


@pytest.mark.parametrize(
    "answer",
    [{"body": requests.ConnectionError("refused")}, problem(503, "Starting."), {"json": {"items": []}}],
)
def test_about_explains_the_figures_even_without_a_model(
    client: FlaskClient, rest: responses.RequestsMock, answer: dict[str, object]
) -> None:
    rest.add(responses.GET, f"{API}/v1/models", **answer)  # type: ignore[arg-type]
    response = client.get("/about")
    assert response.status_code == 200
    assert "card cannot be shown" in response.text
    assert "Highest pixel probability" in response.text


def test_browsers_find_the_icon_where_they_look_for_it(client: FlaskClient) -> None:
    with client.get("/favicon.ico", follow_redirects=True) as response:
        assert response.mimetype == "image/svg+xml"
