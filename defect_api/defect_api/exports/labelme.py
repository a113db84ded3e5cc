"""LabelMe's JSON, version 5, one file beside each picture: https://github.com/wkentaro/labelme."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet, only_ring, rendered
from defect_api.png import encode_png
from defect_api.record import Defect


class LabelMe(Format):
    """A defect of one outline is a polygon; one with holes or parts is a mask within its box."""

    suffix = ".labelme.json"
    content_type = "application/json"
    pictures = ""

    def members(self, sheets: Iterable[Sheet], _classes: Classes) -> Iterator[Member]:
        """Yield a file for each sheet."""
        for sheet, document in rendered(sheets, _document):
            yield Member(f"{sheet.record.id}.json", [json.dumps(document).encode()])


def _document(sheet: Sheet) -> dict[str, Any]:
    return {
        "version": "5.5.0",
        "flags": {},
        "shapes": [_shape(sheet, number, defect) for number, defect in sheet.numbered],
        "imagePath": sheet.picture,
        "imageData": None,
        "imageHeight": sheet.record.image.height,
        "imageWidth": sheet.record.image.width,
    }


def _shape(sheet: Sheet, number: int, defect: Defect) -> dict[str, Any]:
    ring = only_ring(defect)
    x, y, width, height = defect.box
    if ring is None:
        # corners are pixels, and the second one is within
        geometry = {"shape_type": "mask", "points": [[x, y], [x + width - 1, y + height - 1]]}
        mask = base64.b64encode(encode_png(sheet.window(number).astype(np.uint8))).decode()
    else:
        geometry, mask = {"shape_type": "polygon", "points": ring}, None
    return {"label": defect.type, **geometry, "group_id": None, "description": "", "flags": {}, "mask": mask}
