"""The class masks equal the maps."""

from defect_api.exports.format import Classes
from defect_api.exports.masks import Masks
from defect_api.exports.sheet import Sheet
from tests.defect_api.conftest import pixels
from tests.defect_api.exports.reading import only


def test_masks_hold_the_defects_classes(shown: Sheet, classes: Classes) -> None:
    values = pixels(only(Masks(), classes, shown))
    for number, defect in shown.numbered:
        assert set(values[shown.labels == number].tolist()) == {classes.number(defect.type)}
    assert not values[shown.labels == 0].any()
    (legend,) = Masks().companions(classes)
    assert b"".join(legend.chunks) == b"dark\nbright\n"
