"""The table of defects equals the record, and no name in a table becomes a formula."""

import csv
import io

import numpy as np
import pytest

from defect_api.card import Card
from defect_api.exports import table
from defect_api.exports.defect_table import SHEET, DefectTable
from defect_api.exports.format import Classes
from defect_api.exports.kaggle import Kaggle
from defect_api.media import MediaVolume
from defect_api.record import Scale
from tests.defect_api.exports.reading import HOSTILE, only
from tests.defect_api.stored import HEIGHT, WIDTH, sheet

IN_COLUMNS = {
    "box": ("box_x_px", "box_y_px", "box_width_px", "box_height_px"),
    "area_px_range": ("area_low_px", "area_high_px"),
    "length_px_range": ("length_low_px", "length_high_px"),
}


@pytest.mark.parametrize("scale", [None, Scale(mm_per_px_x=0.5, mm_per_px_y=0.4)])
def test_the_table_of_defects_holds_every_measurement(
    media: MediaVolume, card: Card, classes: Classes, scale: Scale | None
) -> None:
    tabled = sheet(media, card, scale=scale)
    record = tabled.record
    of_the_sheet = {
        "inspection_id": record.id,
        "created_at_utc": record.created_at,
        "filename": record.image.filename,
        "image_width_px": record.image.width,
        "image_height_px": record.image.height,
        "model": "tiny/1",
        "model_digest": record.model.digest,
        "verdict": "defect",
        "defect_probability": record.defect_probability,
        "threshold": 0.5,
        "threshold_method": "calibrated",
    }
    rows = list(csv.DictReader(io.StringIO(only(DefectTable(), classes, tabled).decode())))
    for row, (number, defect) in zip(rows, tabled.numbered, strict=True):
        facts = of_the_sheet | {"defect": number} | defect.model_dump(exclude=set(IN_COLUMNS) | {"polygons"})
        for name, columns in IN_COLUMNS.items():
            facts |= zip(columns, getattr(defect, name), strict=True)
        assert row == {name: "" if fact is None else str(fact) for name, fact in facts.items()}


def test_a_sheet_without_a_defect_has_a_row_that_names_none(media: MediaVolume, card: Card, classes: Classes) -> None:
    q = np.zeros((HEIGHT, WIDTH), np.uint8)
    sound, defective = sheet(media, card, "sound.png", q=q), sheet(media, card)
    rows = list(csv.DictReader(io.StringIO(only(DefectTable(), classes, sound, defective).decode())))
    first = {name: value for name, value in rows[0].items() if value}
    assert (first["filename"], first["verdict"]) == ("sound.png", "clean")
    assert first.keys() == set(SHEET)
    assert [row["filename"] for row in rows] == ["sound.png", *["coil 7.png"] * len(defective.record.defects)]


def test_a_name_never_becomes_a_formula(media: MediaVolume, card: Card, classes: Classes) -> None:
    hostile = sheet(media, card, HOSTILE)
    for form, column in ((DefectTable(), "filename"), (Kaggle(), "ImageId")):
        rows = list(csv.DictReader(io.StringIO(only(form, classes, hostile).decode())))
        assert rows[0][column] == "'" + HOSTILE


@pytest.mark.parametrize(
    ("sent", "written"), [("x;=1+1.png", "x;'=1+1.png"), ('x;"=1.png', "x;'\"=1.png"), ("a-b; c=d.png", "a-b; c=d.png")]
)
def test_a_name_is_no_formula_where_semicolons_separate(sent: str, written: str) -> None:
    assert table.text(sent) == written
