"""The CSV of the Severstal competition on Kaggle: `ImageId,ClassId,EncodedPixels`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from defect_api.exports.format import Classes, Format, Member
from defect_api.exports.runs import kaggle
from defect_api.exports.sheet import Sheet, rendered
from defect_api.exports.table import row, text


@dataclass(frozen=True)
class Kaggle(Format):
    """A row for each picture and class that is on it; a sound picture has one with both cells empty.

    Pictures have the client's names, since the competition knows them by those; with `beside_pictures`, the names that
    the originals have in the ZIP.
    """

    beside_pictures: bool = False
    extent = "set"
    suffix = ".kaggle.csv"
    content_type = "text/csv; charset=utf-8"
    numbers = True

    def members(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[Member]:
        """Yield the table."""
        yield Member("train.csv", self._table(sheets, classes))

    def _table(self, sheets: Iterable[Sheet], classes: Classes) -> Iterator[bytes]:
        yield row(["ImageId", "ClassId", "EncodedPixels"])
        for sheet, runs in rendered(sheets, lambda sheet: _runs(sheet, classes)):
            name = sheet.picture if self.beside_pictures else text(sheet.record.image.filename)
            for number, pixels in runs or [(None, None)]:
                yield row([name, number, pixels])


def _runs(sheet: Sheet, classes: Classes) -> list[tuple[int, str] | tuple[None, None]]:
    numbers = [classes.fixed(defect.type) for defect in sheet.record.defects]
    if not numbers:
        return []
    pixels = np.array([0, *numbers])[sheet.labels]
    return [(number, kaggle(np.asarray(pixels == number, bool))) for number in sorted(set(numbers))]
