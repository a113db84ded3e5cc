"""The competition's CSV, read back by its documented rules, equals the maps."""

import csv
import io

import numpy as np

from defect_api.card import Card
from defect_api.exports.format import Classes
from defect_api.exports.kaggle import Kaggle
from defect_api.exports.sheet import Sheet
from defect_api.media import MediaVolume
from tests.defect_api.exports.reading import clean, only
from tests.defect_api.stored import HEIGHT, WIDTH


def test_kaggles_runs_give_the_masks_of_the_classes(
    shown: Sheet, classes: Classes, media: MediaVolume, card: Card
) -> None:
    rows = list(csv.DictReader(io.StringIO(only(Kaggle(), classes, shown, clean(media, card)).decode())))
    assert list(rows[0]) == ["ImageId", "ClassId", "EncodedPixels"]
    assert rows[-1] == {"ImageId": "clean.png", "ClassId": "", "EncodedPixels": ""}
    assert [row["ImageId"] for row in rows[:-1]] == ["coil 7.png"] * 2
    types = np.array([0, *(classes.number(defect.type) for defect in shown.record.defects)])[shown.labels]
    for row in rows[:-1]:
        flat = np.zeros(WIDTH * HEIGHT, bool)
        numbers = [int(number) for number in row["EncodedPixels"].split()]
        for start, length in zip(numbers[::2], numbers[1::2], strict=True):
            assert not flat[start - 1 : start - 1 + length].any()
            flat[start - 1 : start - 1 + length] = True
        np.testing.assert_array_equal(flat.reshape((HEIGHT, WIDTH), order="F"), types == int(row["ClassId"]))
