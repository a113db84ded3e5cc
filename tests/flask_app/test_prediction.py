from typing import Any
from urllib.parse import quote

import pytest
import requests
import responses
from flask.testing import FlaskClient
from responses import matchers

from tests.flask_app.rest_answers import ID, INSPECTION, INSPECTIONS, problem, show

pytestmark = pytest.mark.usefixtures("surroundings")

NO_SUCH = problem(404, "There is no such picture.")


@pytest.mark.parametrize(
    "ending",
    [".jpg", ".jpeg", ".tiff", ".json"]
    + [f"_{kind}.png" for kind in ("view", "overlay", "prob", "class", "mask")]
    # the first contract's answers, next to their mask
    + ["_1.json", "_4.json"],
)
def test_each_file_of_an_inspection_leads_to_it(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], ending: str
) -> None:
    rest.get(INSPECTION, json=record)
    assert client.get(f"/prediction?filename={ID}{ending}").status_code == 200


def test_a_picture_on_the_media_volume_is_judged(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.post(INSPECTIONS, json=record, match=[matchers.json_params_matcher({"filename": "belt 4.png"})])
    assert "Defect found" in client.get("/prediction?filename=belt%204.png").text


def test_a_name_that_only_looks_like_an_inspections_is_judged_too(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.get(INSPECTION, **NO_SUCH)
    rest.post(INSPECTIONS, json=record, match=[matchers.json_params_matcher({"filename": f"{ID}.jpg"})])
    assert client.get(f"/prediction?filename={ID}.jpg").status_code == 200


@pytest.mark.parametrize("status", [404, 422])
def test_an_uploaded_name_leads_to_its_newest_inspection(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], status: int
) -> None:
    rest.post(INSPECTIONS, **problem(status, "No."))
    query = {"filename": "coil-7.jpg", "limit": "1"}
    rest.get(INSPECTIONS, json={"items": [record], "next_cursor": "x"}, match=[matchers.query_param_matcher(query)])
    assert "Defect found" in client.get("/prediction?filename=coil-7.jpg").text


def test_an_unknown_name_is_404_with_the_services_sentence(client: FlaskClient, rest: responses.RequestsMock) -> None:
    rest.post(INSPECTIONS, **NO_SUCH)
    rest.get(INSPECTIONS, json={"items": [], "next_cursor": None})
    response = client.get("/prediction?filename=nosuch.png")
    assert response.status_code == 404
    assert "There is no such picture." in response.text


def test_an_inspection_that_is_not_there_may_have_been_deleted(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    rest.get(INSPECTION, **NO_SUCH)
    rest.post(INSPECTIONS, **NO_SUCH)
    rest.get(INSPECTIONS, json={"items": [], "next_cursor": None})
    response = client.get(f"/prediction?filename={ID}.json")
    assert response.status_code == 404
    assert "is not here, or was deleted" in response.text


@pytest.mark.parametrize("query", ["", "?filename=", "?filename=a%00.png"])
def test_without_a_name_it_is_404(client: FlaskClient, query: str) -> None:
    response = client.get(f"/prediction{query}")
    assert response.status_code == 404
    assert "names no picture" in response.text


@pytest.mark.parametrize("status", [401, 409, 507])
def test_other_refusals_are_not_taken_for_unknown_names(
    client: FlaskClient, rest: responses.RequestsMock, status: int
) -> None:
    rest.post(INSPECTIONS, **problem(status, "The reason."))
    response = client.get("/prediction?filename=a.png")
    assert response.status_code == status
    assert "The reason." in response.text


def test_a_service_that_is_away_is_told_with_a_way_to_try_again(
    client: FlaskClient, rest: responses.RequestsMock
) -> None:
    rest.get(INSPECTION, body=requests.ConnectionError("refused"))
    response = client.get(f"/prediction?filename={ID}.jpg")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert f'href="/prediction?filename={ID}.jpg">Try again' in response.text


def test_the_page_shows_verdict_figures_and_files(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record).replace("\u202f", " ")
    for words in ("Defect found", "97.3 %", "> 99.9 %", "51.0 %", "Calibrated with the model", "3.0 %", "436 ms"):
        assert words in page.replace("&gt;", ">")
    for name in (f"{ID}.jpg", f"{ID}_overlay.png", f"{ID}.json"):
        assert f'href="/media/{name}"' in page
    assert "steel-unet, version 3" in page
    assert "sha256:" + "cd" * 32 in page


def test_each_defect_is_a_row_with_units(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record).replace("\u202f", " ").replace("&#8239;", " ")
    for words in ("class 3", "91.0 %", "12 345", "12 000 to 13 000", "305.5", "90°", "10, 20<", "300 \u00d7 40 px"):
        assert words in page
    assert page.count('<span class="unit"> px</span>') == 4
    assert "mm²" not in page


def test_of_very_many_defects_the_largest_are_listed(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["defects"] *= 1500
    page = show(client, rest, record)
    assert page.count('<span class="row-type">class 3') == 200
    assert "The 200 largest of" in page


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("calibrated", "Calibrated with the model"),
        ("otsu", "Otsu&#39;s, from this sheet"),
        ("requested", "Asked for with this inspection"),
        ("of_a_newer_service", "Of_a_newer_service"),
    ],
)
def test_the_page_says_where_the_threshold_comes_from(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], method: str, words: str
) -> None:
    record["threshold"]["method"] = method
    assert f'<dd class="muted">{words}; Otsu' in show(client, rest, record)


def test_with_a_scale_there_are_millimetres(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["scale"] = {"mm_per_px_x": 0.5, "mm_per_px_y": 2.0}
    record["defects"][0] |= {"area_mm2": 12345.04, "length_mm": 611.0, "width_mm": 19.12}
    page = show(client, rest, record).replace("\u202f", " ")
    for words in ("12 345 mm²", "611.0 mm", "19.1 mm", "2.0 mm per px"):
        assert words in page


def test_under_a_microscope_millimetres_are_told_as_finely_as_pixels(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["scale"] = {"mm_per_px_x": 0.01, "mm_per_px_y": 0.01}
    record["defects"][0] |= {"area_px": 24, "area_mm2": 0.0024, "length_mm": 0.611, "width_mm": 0.191}
    page = show(client, rest, record).replace("\u202f", " ")
    for words in ("0.0024 mm²", "0.611 mm", "0.191 mm", "0.611 by 0.191 mm"):
        assert words in page


def test_the_pictures_stand_in_the_page_whatever_runs_there(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record)
    for name in (f"{ID}.jpg", f"{ID}_overlay.png", f"{ID}_prob.png"):
        assert f'<img src="/media/{name}" width="1600" height="256"' in page


def test_what_browsers_cannot_show_is_shown_as_its_view(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["files"] |= {"original": f"{ID}.tif", "view": f"{ID}_view.png"}
    page = show(client, rest, record)
    assert f'<img src="/media/{ID}_view.png"' in page
    assert f'href="/media/{ID}.tif"' in page


def test_no_verdict_gives_its_reasons(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    reasons = [{"code": "unlike", "message": "It is unlike the training data."}]
    record |= {"verdict": "no_verdict", "defects": [], "reasons": reasons, "similarity": None}
    page = show(client, rest, record)
    assert "No verdict" in page
    assert "It is unlike the training data." in page
    assert "no probability<br>without a verdict" in page
    assert "about so many have a defect" not in page
    # nothing further down reads as if it were clean
    assert "No defect at this threshold" not in page
    assert "the sheet got no verdict all the same" in page
    assert '<dd class="tile-value">\N{EN DASH}</dd>' in page


def test_a_clean_sheet_says_so_in_words(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record |= {"verdict": "clean", "defects": [], "defect_probability": 0.0001}
    page = show(client, rest, record)
    assert "No defect found" in page
    assert 'class="reasons reasons-clean"' in page
    assert "&lt;\u202f0.1\u202f%" in page


def test_a_probability_against_the_verdict_takes_its_colour(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record | {"verdict": "clean", "defects": [], "defect_probability": 0.74})
    assert 'class="reasons"' in page
    assert "Look again" in page


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>.jpg', "' onerror=alert(1) x='.png", "{{ 7*7 }}.jpg"])
def test_hostile_names_stay_text(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], name: str
) -> None:
    record["image"]["filename"] = name
    record["files"] |= {"original": name, "overlay": name}
    record["defects"][0]["type"] = name
    rest.post(INSPECTIONS, json=record)
    page = client.get(f"/prediction?filename={quote(name)}").text
    assert "<script>alert" not in page
    assert "' onerror=alert(1) x='" not in page
    assert "49.jpg" not in page
    assert f'src="/media/{quote(name, safe="")}"' in page
