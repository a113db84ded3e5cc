"""`/get_defect_contour`: what clients of the first system rely on, written down."""

import json

import numpy as np
import pytest
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from tests.defect_api.conftest import BRIGHT, DARK, pixels, png, sheet

URL = "/get_defect_contour"
GREY = sheet((100, 50, 40, 30, DARK), (700, 100, 60, 20, BRIGHT))
SMALL = sheet((50, 25, 20, 15, DARK), height=128, width=800)


@pytest.fixture(autouse=True)
def _pictures(media: MediaVolume) -> None:
    (media.folder / "coil.1.png").write_bytes(png(GREY))
    (media.folder / "small.png").write_bytes(png(SMALL))
    (media.folder / "clean.png").write_bytes(png(sheet()))
    (media.folder / "text.png").write_text("no picture")
    (media.folder / "large.png").write_bytes(png(sheet(height=300)))


def outline(x: int, y: int, width: int, height: int) -> set[tuple[int, int]]:
    whole = {(row, column) for row in range(y, y + height) for column in range(x, x + width)}
    return whole - {(row, column) for row in range(y + 1, y + height - 1) for column in range(x + 1, x + width - 1)}


def outlined(document: dict[str, list[list[int]]]) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in document["contour_pixels"]}


def test_keys_types_and_media_type(client: FlaskClient) -> None:
    answer = client.get(URL, query_string={"filename": "coil.1.png"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    document = answer.json
    assert document is not None
    assert set(document) == {"max_prob", "defect_thresh", "contour_pixels", "filename"}
    assert isinstance(document["max_prob"], float)
    assert document["max_prob"] > 0.99
    assert document["defect_thresh"] == 0.5
    assert all(isinstance(value, int) for pixel in document["contour_pixels"] for value in pixel)


def test_pixels_are_row_then_column_of_the_masks_outline(client: FlaskClient) -> None:
    document = client.get(URL, query_string={"filename": "coil.1.png"}).json
    assert document is not None
    assert outlined(document) == outline(100, 50, 40, 30) | outline(700, 100, 60, 20)


@pytest.mark.parametrize("enlarge_by", [1, 2, 3, 4])
def test_the_frame_is_enlarged(client: FlaskClient, media: MediaVolume, enlarge_by: int) -> None:
    document = client.get(URL, query_string={"filename": "coil.1.png", "enlarge_by": enlarge_by}).json
    assert document is not None
    first, second = ([side * enlarge_by for side in box] for box in ((100, 50, 40, 30), (700, 100, 60, 20)))
    assert outlined(document) == outline(*first) | outline(*second)
    picture = pixels(media.read("coil_mask.png"))
    assert picture.shape == (256 * enlarge_by, 1600 * enlarge_by, 3)


@pytest.mark.parametrize("enlarge_by", ["0", "5", "-1", "two", "1.5", "", pytest.param("9" * 5000, id="endless")])
def test_another_enlargement_means_one(client: FlaskClient, enlarge_by: str) -> None:
    plain = client.get(URL, query_string={"filename": "coil.1.png"}).json
    assert client.get(URL, query_string={"filename": "coil.1.png", "enlarge_by": enlarge_by}).json == plain


def test_a_half_size_picture_is_answered_in_the_full_frame(client: FlaskClient) -> None:
    document = client.get(URL, query_string={"filename": "small.png"}).json
    assert document is not None
    assert outlined(document) == outline(100, 50, 40, 30)


def test_post_with_form_fields_is_the_same(client: FlaskClient) -> None:
    by_address = client.get(URL, query_string={"filename": "coil.1.png", "enlarge_by": 2})
    by_form = client.post(URL, data={"filename": "coil.1.png", "enlarge_by": 2})
    assert by_form.json == by_address.json


def test_mask_and_json_appear_under_the_name_up_to_its_first_dot(client: FlaskClient, media: MediaVolume) -> None:
    document = client.get(URL, query_string={"filename": "coil.1.png", "enlarge_by": 2}).json
    assert document is not None
    assert document["filename"] == "coil_mask.png"
    assert json.loads(media.read("coil_2.json")) == document
    picture = pixels(media.read("coil_mask.png")).astype(int)
    green = {(row, column) for row, column in np.argwhere((picture[..., 1] - picture[..., 2]) > 100).tolist()}
    assert green == outlined(document)


def test_long_names_that_begin_alike_have_answers_of_their_own(client: FlaskClient, media: MediaVolume) -> None:
    names = [f"{'x' * length}.png" for length in (81, 250, 251)]
    for name in names:
        (media.folder / name).write_bytes(png(GREY))
    first, longest, cut = (client.get(URL, query_string={"filename": name}).get_json()["filename"] for name in names)
    assert first == f"{'x' * 81}_mask.png"
    assert longest == cut == f"{'x' * 246}_mask.png"
    assert (media.folder / longest).is_file()


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_is_accepted(client: FlaskClient, media: MediaVolume, channels: int) -> None:
    picture = np.dstack([GREY] * 3 + [np.full_like(GREY, 255)] * (channels - 3))
    (media.folder / "colour.png").write_bytes(png(picture))
    assert client.get(URL, query_string={"filename": "colour.png"}).status_code == 200


def test_a_clean_sheet_has_an_empty_list(client: FlaskClient) -> None:
    document = client.get(URL, query_string={"filename": "clean.png"}).json
    assert document is not None
    assert document["contour_pixels"] == []


def test_both_contracts_agree(client: FlaskClient) -> None:
    old = client.get(URL, query_string={"filename": "coil.1.png"}).json
    new = client.post("/v1/inspections", json={"filename": "coil.1.png"}).json
    assert old is not None
    assert new is not None
    assert (old["max_prob"], old["defect_thresh"]) == (new["max_probability"], new["threshold"]["value"])
    rows, columns = zip(*old["contour_pixels"], strict=True)
    boxes = [defect["box"] for defect in new["defects"]]
    assert min(columns) == min(x for x, _, _, _ in boxes)
    assert max(rows) + 1 == max(y + height for _, y, _, height in boxes)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "filename missing"),
        ({"filename": ""}, "filename missing"),
        ({"filename": "absent.png"}, "file not found 'absent.png'"),
        ({"filename": "../../secret.png"}, "file not found 'secret.png'"),
        ({"filename": "/etc/passwd"}, "file not found 'passwd'"),
        ({"filename": "text.png"}, "not an image file 'text.png'"),
        ({"filename": "large.png"}, "image dimensions incorrect '(300, 1600)'"),
    ],
)
def test_403_with_the_first_systems_sentences(client: FlaskClient, query: dict[str, str], sentence: str) -> None:
    answer = client.get(URL, query_string=query)
    assert (answer.status_code, answer.text) == (403, sentence)
    assert answer.mimetype == "text/plain"
