"""The table of defects equals the record, and no name in a table becomes a formula."""

import csv
import io

from defect_api.card import Card
from defect_api.exports.defect_table import DefectTable
from defect_api.exports.format import Classes
from defect_api.exports.kaggle import Kaggle
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from tests.defect_api.exports.reading import HOSTILE, only
from tests.defect_api.stored import sheet


def test_the_table_of_defects_holds_every_measurement(shown: Sheet, classes: Classes) -> None:
    rows = list(csv.DictReader(io.StringIO(only(DefectTable(), classes, shown).decode())))
    for row, (number, defect) in zip(rows, shown.numbered, strict=True):
        assert (row["inspection_id"], row["defect"], row["type"]) == (shown.record.id, str(number), defect.type)
        assert tuple(int(row[f"box_{key}_px"]) for key in ("x", "y", "width", "height")) == defect.box
        assert (int(row["area_low_px"]), int(row["area_high_px"])) == defect.area_px_range
        assert (float(row["length_low_px"]), float(row["length_high_px"])) == defect.length_px_range
        for name in ("area_px", "length_px", "width_px", "orientation_deg", "edge_distance_px", "type_probability"):
            assert float(row[name]) == getattr(defect, name)
        assert row["area_mm2"] == row["length_mm"] == row["width_mm"] == ""


def test_a_name_never_becomes_a_formula(media: MediaVolume, card: Card, classes: Classes) -> None:
    hostile = sheet(media, card, HOSTILE)
    for form, column in ((DefectTable(), "filename"), (Kaggle(), "ImageId")):
        rows = list(csv.DictReader(io.StringIO(only(form, classes, hostile).decode())))
        assert rows[0][column] == "'" + HOSTILE
