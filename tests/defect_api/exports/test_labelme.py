"""LabelMe's JSON, read back by its documented rules, equals the record and its maps."""

import base64
import json

import numpy as np

from defect_api.exports.format import Classes
from defect_api.exports.labelme import LabelMe
from defect_api.exports.sheet import Sheet
from tests.defect_api.conftest import pixels
from tests.defect_api.exports.reading import assert_within_a_pixels_half, drawn, only


def test_labelme_has_an_outline_or_an_exact_mask_for_each_defect(shown: Sheet, classes: Classes) -> None:
    document = json.loads(only(LabelMe(), classes, shown))
    assert set(document) == {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
    assert document["imagePath"] == shown.picture
    for shape, (number, defect) in zip(document["shapes"], shown.numbered, strict=True):
        assert shape["label"] == defect.type
        truth = shown.labels == number
        if shape["shape_type"] == "mask":
            (x1, y1), (x2, y2) = shape["points"]
            found = np.zeros_like(truth)
            found[y1 : y2 + 1, x1 : x2 + 1] = pixels(base64.b64decode(shape["mask"]))
            np.testing.assert_array_equal(found, truth)
        else:
            assert shape["shape_type"] == "polygon"
            assert_within_a_pixels_half(drawn(shape["points"]), truth)
    assert {shape["shape_type"] for shape in document["shapes"]} == {"mask", "polygon"}
