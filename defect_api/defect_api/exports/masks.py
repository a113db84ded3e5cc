"""Class masks: grey PNG pictures, 0 where the sheet is sound and the defect's class from 1 elsewhere."""

from collections.abc import Iterable, Iterator

import numpy as np

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.sheet import Sheet, rendered
from defect_api.png import encode_png


class Masks(Format):
    """A mask for each sheet; a ZIP names the classes in classes.txt, one a line from 1 on, as training reads it."""

    suffix = ".mask.png"
    content_type = "image/png"
    numbers = True

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the mask of each sheet."""
        for sheet, mask in rendered(sheets, lambda sheet: _mask(sheet, classes)):
            yield Member(f"masks/{sheet.record.id}.png", [mask])

    def companions(self, classes: Classes) -> Iterator[Member]:
        """Yield the names of the classes."""
        yield Member("classes.txt", [f"{name}\n".encode() for _, name in classes.numbered])


def _mask(sheet: Sheet, classes: Classes) -> bytes:
    values = [0, *(classes.fixed(defect.type) for defect in sheet.record.defects)]
    return encode_png(np.array(values, np.uint8)[sheet.labels])
