"""A YOLO segmentation data set as Ultralytics reads it: https://docs.ultralytics.com/datasets/segment/."""

import json
from collections.abc import Iterable, Iterator

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet
from defect_api.record import Ring


class Yolo(Format):
    """A row for each part of a defect: class from 0, then x and y of its outline in [0, 1]. Holes cannot be told."""

    extent = "folder"
    suffix = ".yolo.txt"
    content_type = "text/plain; charset=utf-8"
    traces = False

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the labels of each picture; a sound one's are empty."""
        for sheet in sheets:
            yield Member(f"labels/{sheet.record.id}.txt", [_rows(sheet, classes).encode()])

    def companions(self, classes: Classes) -> Iterator[Member]:
        """Yield the data set's description; a JSON string is a YAML one."""
        names = "".join(f"  {number - 1}: {json.dumps(name)}\n" for number, name in classes.numbered)
        # without a path its own folder is the root; with '.' it would be the one that YOLO is run in
        yield Member("data.yaml", [f"train: images\nval: images\nnames:\n{names}".encode()])


def _rows(sheet: Sheet, classes: Classes) -> str:
    return "".join(
        f"{classes.number(defect.type) - 1} {_scaled(sheet, outer)}\n"
        for defect in sheet.record.defects
        for outer, *_ in defect.polygons
    )


def _scaled(sheet: Sheet, ring: Ring) -> str:
    image = sheet.record.image
    return " ".join(f"{x / image.width:.6f} {y / image.height:.6f}" for x, y in ring[:-1])
