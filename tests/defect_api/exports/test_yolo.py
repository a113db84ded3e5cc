"""YOLO's labels, read back by its documented rules, equal the record and its maps."""

import cv2
import numpy as np
import yaml

from defect_api.exports.format import Classes
from defect_api.exports.sheet import Sheet
from defect_api.exports.yolo import Yolo
from tests.defect_api.exports.reading import assert_within_a_pixels_half, drawn, only
from tests.defect_api.stored import HEIGHT, WIDTH


def test_yolo_rows_are_the_outlines_in_shares_of_the_picture(shown: Sheet, classes: Classes) -> None:
    rows = iter(only(Yolo(), classes, shown).decode().splitlines())
    for number, defect in shown.numbered:
        found = np.zeros((HEIGHT, WIDTH), bool)
        for _ in defect.polygons:
            index, *values = next(rows).split()
            assert int(index) == classes.number(defect.type) - 1
            points = np.array(values, float).reshape(-1, 2)
            assert points.min() >= 0
            assert points.max() <= 1
            found |= drawn(points * (WIDTH, HEIGHT))
        truth = (shown.labels == number).astype(np.uint8)
        outlines, _ = cv2.findContours(truth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        filled = cv2.drawContours(np.zeros_like(truth), outlines, -1, (1,), cv2.FILLED) > 0
        assert_within_a_pixels_half(found, filled)
    assert next(rows, None) is None


def test_yolos_description_names_the_classes_from_zero(classes: Classes) -> None:
    classes.number('a "quoted": one')
    (member,) = Yolo().companions(classes)
    description = yaml.safe_load(b"".join(member.chunks))
    assert member.name == "data.yaml"
    assert description["names"] == {0: "dark", 1: "bright", 2: 'a "quoted": one'}
    assert (description["train"], description["val"]) == ("images", "images")
    assert "path" not in description  # it would be sought in the folder that YOLO is run in
