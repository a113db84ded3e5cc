"""COCO instances: https://cocodataset.org/#format-data."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.runs import coco
from defect_api.exports.sheet import Sheet, rendered
from defect_api.record import Defect


@dataclass(frozen=True)
class Coco(Format):
    """One document. Polygons cannot have holes, so a defect with holes is a compressed RLE; by `rle` every one is."""

    rle: bool = False
    extent = "set"
    suffix = ".coco.json"
    content_type = "application/json"

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the document."""
        yield Member("annotations.coco.json", self._document(sheets, classes))

    def _document(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[bytes]:
        # a document has its pictures in a list of their own: these few words of each wait for the annotations' end
        images: list[str] = []
        written = 0
        yield b'{"info":{"description":"Surface Defect Detector"},"licenses":[],"annotations":['
        for sheet, defects in rendered(sheets, lambda sheet: self._annotations(sheet, classes)):
            images.append(json.dumps(_image(sheet, len(images) + 1)))
            if not defects:
                # of many sound sheets on end a proxy would hear nothing, and hang up
                yield b" "
            for defect in defects:
                annotation = {"id": written + 1, "image_id": len(images), **defect}
                yield (b",\n" if written else b"\n") + json.dumps(annotation).encode()
                written += 1
        yield b'\n],\n"images":[\n' + ",\n".join(images).encode() + b"\n],\n"
        categories = [{"id": number, "name": name, "supercategory": "defect"} for number, name in classes.numbered]
        yield b'"categories":' + json.dumps(categories).encode() + b"}\n"

    def _annotations(self, sheet: Sheet, classes: Classes) -> list[dict[str, Any]]:
        return [
            {
                "category_id": classes.number(defect.type),
                "segmentation": self._segmentation(sheet, number, defect),
                "area": defect.area_px,
                "bbox": defect.box,
                "iscrowd": 0,
                "score": defect.type_probability,
            }
            for number, defect in sheet.numbered
        ]

    def _segmentation(self, sheet: Sheet, number: int, defect: Defect) -> dict[str, Any] | list[list[float]]:
        if self.rle or any(len(polygon) > 1 for polygon in defect.polygons):
            size = (sheet.record.image.height, sheet.record.image.width)
            return {"size": size, "counts": coco(sheet.window(number), defect.box[:2], size)}
        return [[value for point in ring[:-1] for value in point] for (ring,) in defect.polygons]


def _image(sheet: Sheet, number: int) -> dict[str, Any]:
    image = sheet.record.image
    return {
        "id": number,
        "file_name": sheet.picture,
        "width": image.width,
        "height": image.height,
        "date_captured": sheet.record.created_at,
        "original_name": image.filename,
    }
