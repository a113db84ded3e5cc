"""Small pictures of inspections: what is on them, how large they are, and what browsers may keep."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from defect_api.media import MediaVolume
from defect_api.overlay import GREEN_BGR
from defect_api.thumbnail import MOST_HEIGHT, MOST_WIDTH
from tests.defect_api.conftest import pixels, png, sheet
from tests.defect_api.second_contract import CLEAN, DEFECTIVE, URL, assert_problem, post


def address(client: FlaskClient, data: bytes = DEFECTIVE) -> str:
    return f"{URL}/{post(client, data).get_json()['id']}/thumbnail"


def green(picture: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Tell which pixels are nearly as green as a contour: the picture was compressed."""
    near: np.ndarray[Any, Any] = np.abs(picture.astype(int) - GREEN_BGR).max(axis=2) < 90
    return near


def test_the_contours_are_seen_where_the_defects_are(client: FlaskClient) -> None:
    answer = client.get(address(client))
    assert answer.content_type == "image/webp"
    picture = pixels(answer.data)
    assert picture.shape == (102, MOST_WIDTH, 3)
    rows, columns = np.nonzero(green(picture))
    # the sheet is 1600 px wide: one defect at 100 to 140, another at 700 to 760
    scaled = columns * 1600 / MOST_WIDTH
    assert {round(x / 100) * 100 for x in (scaled.min(), scaled.max())} == {100, 800}
    assert rows.min() * 1600 / MOST_WIDTH == pytest.approx(50, abs=8)
    assert rows.max() * 1600 / MOST_WIDTH == pytest.approx(125, abs=8)
    assert not green(picture)[:, 80:260].any()


def test_a_clean_sheet_has_no_contour(client: FlaskClient) -> None:
    assert not green(pixels(client.get(address(client, CLEAN)).data)).any()


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(128, 320, (128, 320)), (3000, 300, (MOST_HEIGHT, 36)), (64, 6400, (6, MOST_WIDTH))],
)
def test_no_sheet_is_enlarged_and_each_fits(
    client: FlaskClient, height: int, width: int, size: tuple[int, int]
) -> None:
    picture = pixels(client.get(address(client, png(sheet(height=height, width=width)))).data)
    assert picture.shape[:2] == size


def test_a_browser_keeps_what_it_has(client: FlaskClient) -> None:
    where = address(client)
    first = client.get(where)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(where, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(where, headers={"If-None-Match": '"other"'}).data == first.data
    assert "immutable" in client.get(f"{where}?v=1").headers["Cache-Control"]


def test_an_unknown_inspection_has_none(client: FlaskClient) -> None:
    assert_problem(client.get(f"{URL}/nosuch-0123456789abcdef/thumbnail"), 404, "not-found")


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no picture")], ids=["gone", "damaged"])
def test_without_its_picture_there_is_none(
    client: FlaskClient, media: MediaVolume, damage: Callable[[Path], object]
) -> None:
    record = post(client).get_json()
    damage(media.folder / record["files"]["original"])
    where = f"{URL}/{record['id']}/thumbnail"
    assert_problem(client.get(where), 409, "conflict")
