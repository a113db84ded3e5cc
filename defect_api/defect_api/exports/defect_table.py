"""The defects as a table: one row each, with every measurement; units are in the header."""

from collections.abc import Iterable, Iterator

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet
from defect_api.exports.table import row, text
from defect_api.record import Defect, Record

SHEET = (
    "inspection_id",
    "created_at_utc",
    "filename",
    "image_width_px",
    "image_height_px",
    "model",
    "model_digest",
    "verdict",
    "defect_probability",
    "threshold",
    "threshold_method",
)
DEFECT = (
    "defect",
    "type",
    "type_probability",
    "mean_probability",
    "max_probability",
    "area_px",
    "area_low_px",
    "area_high_px",
    "box_x_px",
    "box_y_px",
    "box_width_px",
    "box_height_px",
    "length_px",
    "length_low_px",
    "length_high_px",
    "width_px",
    "orientation_deg",
    "edge_distance_px",
    "area_mm2",
    "length_mm",
    "width_mm",
)


class DefectTable(Format):
    """One table; a sheet without a defect has one row, which names none: it was looked at."""

    extent = "set"
    suffix = ".defects.csv"
    content_type = "text/csv; charset=utf-8"
    traces = False

    def members(self, sheets: Iterable[Sheet], _classes: Classes) -> Iterator[Member]:
        """Yield the table."""
        yield Member("defects.csv", _table(sheets))


def _table(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    yield row([*SHEET, *DEFECT])
    for sheet in sheets:
        defects = [[number, *_defect_cells(defect)] for number, defect in sheet.numbered] or [[""] * len(DEFECT)]
        for cells in defects:
            yield row([*_sheet_cells(sheet.record), *cells])


def _sheet_cells(record: Record) -> list[object]:
    return [
        record.id,
        record.created_at,
        text(record.image.filename),
        record.image.width,
        record.image.height,
        f"{record.model.name}/{record.model.version}",
        record.model.digest,
        record.verdict,
        record.defect_probability,
        record.threshold.value,
        record.threshold.method,
    ]


def _defect_cells(defect: Defect) -> list[object]:
    return [
        text(defect.type),
        defect.type_probability,
        defect.mean_probability,
        defect.max_probability,
        defect.area_px,
        *defect.area_px_range,
        *defect.box,
        defect.length_px,
        *defect.length_px_range,
        defect.width_px,
        defect.orientation_deg,
        defect.edge_distance_px,
        defect.area_mm2,
        defect.length_mm,
        defect.width_mm,
    ]
