"""Class masks: grey PNG pictures, 0 where the sheet is sound and the defect's class from 1 elsewhere."""

from collections.abc import Iterable, Iterator

import numpy as np

from defect_api.exports.format import Classes, Member, SheetFormat
from defect_api.exports.sheet import Sheet, rendered
from defect_api.exports.table import row, text
from defect_api.png import encode_png


class Masks(SheetFormat):
    """A mask for each sheet; a ZIP says in classes.csv what the values mean."""

    suffix = ".mask.png"
    content_type = "image/png"

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the mask of each sheet."""
        for sheet, mask in rendered(sheets, lambda sheet: _mask(sheet, classes)):
            yield Member(f"masks/{sheet.record.id}.png", [mask])

    def companions(self, classes: Classes) -> Iterator[Member]:
        """Yield the values and the names of the classes."""
        yield Member("classes.csv", [row(["value", "class"]), *(row([n, text(name)]) for n, name in classes.numbered)])


def _mask(sheet: Sheet, classes: Classes) -> bytes:
    values = [0, *(classes.number(defect.type) for defect in sheet.record.defects)]
    return encode_png(np.array(values, np.uint8)[sheet.labels])
