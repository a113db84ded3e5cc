import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flask_app import wording
from flask_app.record import Record, Scale
from tests.flask_app.rest_answers import RECORD

# a share never rounds to certainty, sizes have fitting units, thousands are grouped, halves go up; in the scripts too
CASES = json.loads((Path(__file__).resolve().parents[1] / "site_js/format.json").read_text())


@pytest.mark.parametrize(("name", "values", "words"), CASES)
def test_figures_are_written_as_the_pages_scripts_write_them(name: str, values: list[Any], words: str) -> None:
    assert getattr(wording, name)(*values).replace("\u202f", " ") == words


def test_times_are_written_in_utc_whatever_they_come_in() -> None:
    moment = datetime.fromisoformat("2026-01-31T00:30:05+01:00")
    assert wording.utc(moment) == "2026-01-30 23:30:05 UTC"
    assert wording.machine_time(moment) == "2026-01-30T23:30:05Z"


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("minute", "00:30"),
        ("hour", "03-01 00:30"),
        ("day", "03-01"),
        ("week", "2026-03-01"),
        ("month", "2026-03"),
        ("year", "2026"),
    ],
)
def test_the_beginning_of_a_period_is_the_readers(unit: str, words: str) -> None:
    assert wording.beginning(datetime.fromisoformat("2026-02-28T23:30:00Z"), unit, "Europe/Berlin") == words


@pytest.mark.parametrize(
    ("size", "drawn"), [((1600, 256), (640, 102)), ((1000, 4000), (90, 360)), ((200, 100), (200, 100))]
)
def test_a_thumbnail_has_the_shape_of_its_picture_and_is_not_larger(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    image = {**RECORD["image"], "width": size[0], "height": size[1]}
    assert wording.thumbnail_size(Record.model_validate({**RECORD, "image": image})) == drawn


def test_the_area_of_all_defects_is_told_in_mm_along_both_sides_of_a_pixel() -> None:
    scale = {"mm_per_px_x": 0.5, "mm_per_px_y": 3}
    record = Record.model_validate({**RECORD, "defects": 2 * RECORD["defects"], "scale": scale})
    assert wording.defect_area(record).replace("\u202f", " ") == "37 035 mm² · 24 690 px"


def test_millimetres_are_told_as_finely_as_the_shorter_side_of_a_pixel() -> None:
    scale = Scale(mm_per_px_x=1, mm_per_px_y=0.0123)
    assert (scale.decimals, scale.area_decimals) == (3, 4)


def test_a_name_on_the_media_volume_stays_one_segment() -> None:
    assert wording.media_url("a/../b ?#%.png") == "/media/a%2F..%2Fb%20%3F%23%25.png"
