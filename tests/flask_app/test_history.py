import copy
import re
from typing import Any

import pytest
import requests
import responses
from flask.testing import FlaskClient

from tests.flask_app.rest_answers import API, ID, asked, problem

LISTING = f"{API}/v1/inspections"
FORMATS = ["coco", "labelme", "yolo", "kaggle", "cvat", "masks", "csv", "report", "pdf"]


def answer(*records: dict[str, Any], total: int | None = None, next_cursor: str | None = None) -> dict[str, Any]:
    counts = {"defect": len(records), "clean": 3, "no_verdict": 0}
    return {"items": list(records), "next_cursor": next_cursor, "total": total or len(records), "counts": counts}


@pytest.fixture
def models(rest: responses.RequestsMock) -> None:
    known = [["class 3"], ["class 1", "class 3"]]
    items = [{"name": "m", "version": "1", "digest": "d", "card": {"classes": classes}} for classes in known]
    rest.get(f"{API}/v1/models", json={"items": items})


@pytest.mark.usefixtures("models")
def test_a_sheet_shows_its_thumbnail_verdict_type_and_probability(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    page = client.get("/history").text
    assert f"/api/v1/inspections/{ID}/thumbnail?v=1769860805000" in page
    assert 'width="640" height="102"' in page
    assert "coil-7.jpg" in page
    assert "Defect found" in page
    assert "97.3" in page
    assert "class 3" in page


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("probability", "said", "stripe"),
    [
        (0.5, "<b>Look again</b>", "sheet-clean sheet-doubtful"),
        (0.49, "No defect<", "sheet-clean"),
        (None, "No defect<", "sheet-clean"),
    ],
)
def test_a_clean_sheet_that_is_likely_defective_is_marked(
    client: FlaskClient,
    rest: responses.RequestsMock,
    record: dict[str, Any],
    probability: float | None,
    said: str,
    stripe: str,
) -> None:
    rest.get(LISTING, json=answer(record | {"verdict": "clean", "defects": [], "defect_probability": probability}))
    page = client.get("/history").text
    assert said in page
    assert f'class="sheet-card {stripe}"' in page


@pytest.mark.usefixtures("models")
def test_a_defect_that_is_likely_none_is_marked(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record | {"defect_probability": 0.3}))
    assert "<b>Look again</b>: <span" in client.get("/history").text


@pytest.mark.usefixtures("models")
def test_a_sheet_without_verdict_shows_its_reason_and_no_probability(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    reasons = [{"code": "blurred", "message": "The picture is blurred."}]
    rest.get(LISTING, json=answer(record | {"verdict": "no_verdict", "reasons": reasons}))
    page = client.get("/history").text
    assert "The picture is blurred." in page
    assert "97.3" not in page
    assert "Look again" not in page


@pytest.mark.usefixtures("models")
def test_the_filters_reach_the_service_and_the_prediction(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    page = client.get("/history?verdict=defect&text=coil&zone=Europe/Berlin&sort_order=defect_area_px+asc").text
    query = asked(rest)
    assert {name: query[name] for name in ("verdict", "text", "sort", "order")} == {
        "verdict": ["defect"],
        "text": ["coil"],
        "sort": ["defect_area_px"],
        "order": ["asc"],
    }
    assert "zone" not in query
    link = f"/prediction?filename={ID}.jpg&amp;text=coil&amp;verdict=defect&amp;sort=defect_area_px&amp;order=asc"
    assert link in page
    assert '<option value="defect" selected>' in page


@pytest.mark.usefixtures("models")
def test_the_next_page_keeps_the_filters(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record, total=90, next_cursor="abc="))
    page = client.get("/history?text=coil").text
    assert 'rel="next" href="/history?cursor=abc%3D&amp;text=coil"' in page


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("view", "limit"), [("", "48"), ("&view=wall", "25")])
def test_a_page_is_asked_for_from_where_the_last_one_ended(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], view: str, limit: str
) -> None:
    rest.get(LISTING, json=answer(record))
    client.get(f"/history?cursor=abc%3D{view}")
    assert asked(rest) == {"cursor": ["abc="], "limit": [limit]}


@pytest.mark.usefixtures("models")
def test_every_order_and_export_that_the_service_has_can_be_chosen(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    page = client.get("/history").text
    orders, *exports = (
        re.findall('<option value="([^"]+)"', chosen)
        for chosen in re.findall('<select name="(?:sort_order|format)".*?</select>', page, re.DOTALL)
    )
    keys = ("created_at", "defect_probability", "defect_area_px")
    assert orders == [f"{key} {way}" for key in keys for way in ("desc", "asc")]
    # of all that are listed, and of those that are ticked
    assert [sorted(formats) for formats in exports] == [sorted(FORMATS)] * 2
    assert '<option value="created_at desc" selected>Newest first<' in page


@pytest.mark.usefixtures("models")
def test_each_type_that_any_model_knows_can_be_chosen_once(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(LISTING, json=answer())
    page = client.get("/history").text
    assert "<option>class 1</option><option>class 3</option>" in page.replace("\n", "")
    assert page.count("<option>class 3</option>") == 1


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("query", "same"),
    [("text=x", "last=all&amp;text=x"), ("last=7d", "last=7d"), ("created_to=2026-03-01", "created_to=2026-03-01")],
)
def test_the_statistics_are_of_what_is_listed(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], query: str, same: str
) -> None:
    rest.get(LISTING, json=answer(record))
    assert f'href="/statistics?{same}"' in client.get(f"/history?{query}&sort=created_at").text


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(("records", "seen"), [(1, f"{ID} 1769860805000 1"), (0, "0")])
def test_what_is_newest_is_said_as_the_pages_script_says_it(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], records: int, seen: str
) -> None:
    rest.get(LISTING, json=answer(*[record] * records))
    assert f'data-seen="{seen}"' in client.get("/history").text


@pytest.mark.usefixtures("models")
def test_only_the_first_page_of_the_newest_watches_for_new_ones(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    assert "data-live" in client.get("/history").text
    assert "data-live" not in client.get("/history?cursor=abc").text
    assert "data-live" not in client.get("/history?order=asc").text


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("query", "words"), [("", "Nothing has been inspected yet"), ("?text=x", "No sheet is like that")]
)
def test_an_empty_history_says_so(client: FlaskClient, rest: responses.RequestsMock, query: str, words: str) -> None:
    rest.get(LISTING, json=answer())
    page = client.get(f"/history{query}").text
    assert words in page
    # and the first that is wanted appears by itself
    assert 'id="gallery" data-live' in page


@pytest.mark.usefixtures("models")
def test_the_wall_shows_the_newest_sheet_in_full(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    older = copy.deepcopy(record) | {"id": "older-0123456789abcdef"}
    rest.get(LISTING, json=answer(record, older))
    page = client.get("/history?view=wall").text
    assert "Only" not in page
    assert page.count(f"/media/{ID}_overlay.png?v=") == 1
    assert "/api/v1/inspections/older-0123456789abcdef/thumbnail" in page
    assert "checkbox" not in page


@pytest.mark.usefixtures("models")
def test_the_wall_says_what_it_is_narrowed_to(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    assert "<p>Only file name <b>coil</b>." in client.get("/history?view=wall&text=coil").text


@pytest.mark.usefixtures("models")
def test_a_span_that_no_field_shows_is_told(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(LISTING, json=answer(record))
    assert '<p class="muted">Only last <b>1h</b>.' in client.get("/history?last=1h").text


def test_types_can_be_typed_where_the_models_are_not_told(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(LISTING, json=answer())
    rest.get(f"{API}/v1/models", body=requests.ConnectionError("away"))
    assert '<input name="type"' in client.get("/history").text


@pytest.mark.parametrize("path", ["/history?", "/history?view=wall&", "/statistics?"])
def test_a_filter_that_is_none_is_told_with_its_reason(
    client: FlaskClient, rest: responses.RequestsMock, path: str
) -> None:
    rest.get(f"{API}/v1/statistics" if path == "/statistics?" else LISTING, **problem(422, "verdict: no such verdict."))
    response = client.get(f"{path}verdict=good")
    assert response.status_code == 400
    assert "verdict: no such verdict." in response.text


@pytest.mark.usefixtures("models")
def test_a_filter_that_is_none_can_be_put_right(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.get(LISTING, **problem(422, "created_from: a time must be written as RFC 3339 asks for."))
    page = client.get("/history?created_from=2026-03-28T12:00&text=coil").text
    assert 'type="text" name="created_from" value="2026-03-28T12:00"' in page
    assert 'name="text" value="coil"' in page
    assert "No sheet is like that" not in page


@pytest.mark.parametrize("path", ["/history", "/statistics"])
def test_a_service_that_is_away_is_told_and_asked_again(
    client: FlaskClient, rest: responses.RequestsMock, path: str
) -> None:
    rest.get(
        LISTING if path == "/history" else f"{API}/v1/statistics", body=requests.ConnectionError("connection refused")
    )
    response = client.get(path)
    assert response.status_code == 503
    assert "recover.js" in response.text
