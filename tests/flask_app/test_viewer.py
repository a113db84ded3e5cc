import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses
from flask.testing import FlaskClient
from responses import matchers

from flask_app.viewer import are_apart
from tests.flask_app.rest_answers import (
    ID,
    MODEL,
    MODELS,
    NEIGHBOURS,
    OPERATING_POINTS,
    POINTS,
    problem,
    show,
)

pytestmark = pytest.mark.usefixtures("surroundings")


def facts(page: str) -> dict[str, Any]:
    """What the page tells the viewer's script."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_the_script_is_told_all_that_moving_the_threshold_needs(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    told = facts(show(client, rest, record))
    assert [defect["area_px"] for defect in told.pop("defects")] == [12345]
    assert told == {
        "width": 1600,
        "height": 256,
        # ms since 1970, UTC: when it was judged
        "version": 1769860805000,
        "threshold": 0.51,
        "rule": {"value": 0.51, "min_peak": 0.8, "min_region_px": 600, "join_px": 4},
        "class_names": ["class 1", "class 3"],
        "scale": None,
        "files": {
            "picture": f"/media/{ID}.jpg",
            "probability": f"/media/{ID}_prob.png",
            "classes": f"/media/{ID}_class.png",
        },
        "replay": f"/api/v1/inspections/{ID}",
        "points": OPERATING_POINTS["points"],
        "most_rows": 200,
    }


def test_the_slider_marks_the_calibrated_threshold_and_otsus(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record)
    assert re.findall(r'data-mark="([^"]+)" aria-pressed="false">([^<]+) <', page) == [
        ("0.51", "Calibrated"),
        ("0.34", "Otsu&#39;s"),
    ]


def test_the_expected_misses_and_false_calls_are_there_where_they_were_measured(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    page = show(client, rest, record)
    assert "200 sheets kept apart" in page
    assert facts(page)["points"] == OPERATING_POINTS["points"]


def test_a_sheet_that_was_judged_at_another_threshold_begins_there(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["threshold"] = {"value": 0.9, "method": "requested", "otsu": {"value": None, "separability": 0}}
    page = show(client, rest, record)
    assert (facts(page)["threshold"], facts(page)["rule"]["value"]) == (0.9, 0.51)
    assert re.findall(r'data-mark="([^"]+)"', page) == ["0.51", "0.9"]
    assert ">As judged <" in page
    assert 'class="marks marks-apart"' in page


@pytest.mark.parametrize(("values", "apart"), [([0.1], True), ([0.5, 0.51], False), ([0.1, 0.5, 0.9], False)])
def test_the_names_of_marks_stand_side_by_side_where_they_fit(values: list[float], apart: bool) -> None:
    assert are_apart([("mark", value) for value in values]) is apart


def test_the_script_is_told_the_scale_and_of_very_many_defects_the_largest(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["defects"] *= 201
    record["scale"] = {"mm_per_px_x": 0.5, "mm_per_px_y": 2.0}
    told = facts(show(client, rest, record))
    assert told["scale"] == record["scale"]
    assert len(told["defects"]) == told["most_rows"] == 200


def test_what_is_expected_is_that_of_the_nearest_measured_threshold(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    (point,) = OPERATING_POINTS["points"]
    points = [{**point, "threshold": threshold} for threshold in (0.1, 0.55, 0.9)]
    rest.replace(responses.GET, POINTS, json={**OPERATING_POINTS, "points": points})
    assert 'data-part="measured-at">55.0\u202f%' in show(client, rest, record)


@pytest.mark.parametrize(
    "answer",
    [problem(404, "Not measured."), problem(500, "Broken."), {"json": {**OPERATING_POINTS, "digest": "other"}}],
)
def test_without_operating_points_of_this_model_nothing_is_expected(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], answer: dict[str, Any]
) -> None:
    rest.replace(responses.GET, POINTS, **answer)
    page = show(client, rest, record)
    assert "would be missed" not in page
    assert facts(page)["points"] == []


def test_a_sheet_without_a_verdict_is_not_promised_the_error_rates_of_those_with_one(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    record["verdict"] = "no_verdict"
    page = show(client, rest, record)
    assert "would be missed" not in page
    assert facts(page)["points"] == []


def alike(version: str, least: int, *, active: bool = False) -> dict[str, Any]:
    """A model with the weights that judged, and a smallest region of its own."""
    threshold = {**MODEL["card"]["threshold"], "min_region_px": least}
    return {**MODEL, "version": version, "active": active, "card": {**MODEL["card"], "threshold": threshold}}


@pytest.mark.parametrize(
    "models",
    [
        [alike("5", 1, active=True), alike("3", 2)],
        [alike("5", 1), alike("4", 2, active=True)],
        [alike("5", 2), alike("4", 1)],
    ],
    ids=["its own", "that in service", "the newest"],
)
def test_of_models_with_the_same_weights_one_has_the_rule(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], models: list[dict[str, Any]]
) -> None:
    rest.replace(responses.GET, MODELS, json={"items": models})
    assert facts(show(client, rest, record))["rule"]["min_region_px"] == 2


@pytest.mark.parametrize(("slope", "calibrated"), [(1, False), (0.8, True)])
def test_a_probability_that_is_not_calibrated_promises_no_share_of_sheets(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], slope: float, calibrated: bool
) -> None:
    card = {**MODEL["card"], "calibration": {"method": "platt", "slope": slope, "intercept": 0}}
    rest.replace(responses.GET, MODELS, json={"items": [{**MODEL, "card": card}]})
    page = show(client, rest, record)
    assert ("about so many have a defect" in page, "Not calibrated" in page) == (calibrated, not calibrated)


def no_such_model(record: dict[str, Any]) -> None:
    record["model"]["digest"] = "sha256:" + "00" * 32


def no_maps(record: dict[str, Any]) -> None:
    record["files"] |= {"probability_map": None, "class_map": None}


def no_class_map(record: dict[str, Any]) -> None:
    record["files"]["class_map"] = None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (no_such_model, "is not here any more"),
        (no_maps, "was not kept with this sheet"),
        (no_class_map, "was not kept with this sheet"),
    ],
)
def test_what_cannot_be_cut_anew_is_shown_without_a_slider(
    client: FlaskClient,
    rest: responses.RequestsMock,
    record: dict[str, Any],
    change: Callable[[dict[str, Any]], None],
    why: str,
) -> None:
    change(record)
    page = show(client, rest, record)
    assert "<sheet-viewer" not in page
    assert why in page
    assert f'<img src="/media/{ID}_overlay.png"' in page
    assert "Defect found" in page
    # the service gives them on the record's own terms
    assert "With the threshold that the slider shows" not in page
    assert f'href="/api/v1/inspections/{ID}/export?format=pdf"' in page


def test_a_service_that_says_no_more_than_the_record_is_enough(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    for address in (MODELS, POINTS, NEIGHBOURS):
        rest.replace(responses.GET, address, body=requests.ConnectionError("refused"))
    page = show(client, rest, record)
    assert "Defect found" in page
    # nobody says that its model is gone
    assert "does not say right now which models" in page
    assert "any more" not in page


def test_previous_and_next_stay_within_the_list_that_one_came_from(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any]
) -> None:
    rest.replace(
        responses.GET,
        NEIGHBOURS,
        json={"previous": "coil-6-0123456789abcdef", "next": None},
        match=[matchers.query_param_matcher({"verdict": "defect", "sort": "defect_area_px"})],
    )
    page = show(client, rest, record, "&verdict=defect&sort=defect_area_px")
    assert 'href="/prediction?filename=coil-6-0123456789abcdef.json&amp;verdict=defect&amp;sort=defect_area_px"' in page
    assert 'rel="next"' not in page
    assert 'href="/history?verdict=defect&amp;sort=defect_area_px">The list' in page


@pytest.mark.parametrize("form", ["coco", "labelme", "yolo", "kaggle", "cvat", "masks", "csv", "report", "pdf"])
def test_every_export_is_a_link(
    client: FlaskClient, rest: responses.RequestsMock, record: dict[str, Any], form: str
) -> None:
    assert f'href="/api/v1/inspections/{ID}/export?format={form}"' in show(client, rest, record)
