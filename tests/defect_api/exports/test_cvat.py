"""CVAT's XML, read back by its documented rules, equals the record and its maps."""

from xml.etree import ElementTree as Xml

import numpy as np

from defect_api.exports.cvat import Cvat
from defect_api.exports.format import Classes
from defect_api.exports.sheet import Sheet
from tests.defect_api.exports.reading import HOSTILE, assert_within_a_pixels_half, decoded, drawn, only
from tests.defect_api.stored import HEIGHT, WIDTH


def opened_as_xml(document: bytes) -> Xml.Element:
    return Xml.fromstring(document)  # noqa: S314  # our own


def test_cvat_has_an_outline_or_an_exact_mask_for_each_defect(shown: Sheet, classes: Classes) -> None:
    root = opened_as_xml(only(Cvat(), classes, shown))
    assert root.findtext("version") == "1.1"
    assert [label.text for label in root.findall("meta/task/labels/label/name")] == ["dark", "bright"]
    (image,) = root.findall("image")
    assert image.attrib == {"id": "0", "name": shown.picture, "width": str(WIDTH), "height": str(HEIGHT)}
    for shape, (number, defect) in zip(image, shown.numbered, strict=True):
        assert shape.attrib["label"] == defect.type
        truth = shown.labels == number
        if shape.tag == "mask":
            x, y, width, height = (int(shape.attrib[key]) for key in ("left", "top", "width", "height"))
            counts = [int(count) for count in shape.attrib["rle"].split(",")]
            found = np.zeros_like(truth)
            found[y : y + height, x : x + width] = decoded(counts, (height, width), "C")
            np.testing.assert_array_equal(found, truth)
        else:
            points = [[float(value) for value in point.split(",")] for point in shape.attrib["points"].split(";")]
            assert_within_a_pixels_half(drawn(points), truth)
    assert {shape.tag for shape in image} == {"mask", "polygon"}


def test_cvat_survives_class_names_of_every_kind(shown: Sheet) -> None:
    root = opened_as_xml(only(Cvat(), Classes([HOSTILE]), shown))
    assert root.findtext("meta/task/labels/label/name") == HOSTILE
