"""A sheet as the exports see it: its defects pixel by pixel."""

import weakref

import cv2
import numpy as np
import pytest

from defect_api.card import Card
from defect_api.exports.sheet import Sheet, rendered
from defect_api.judgement import judge
from defect_api.media import MediaVolume
from defect_api.problems import Conflict
from tests.defect_api.stored import maps


def test_the_sheet_has_every_kind_of_defect(shown: Sheet, card: Card) -> None:
    assert {defect.type for defect in shown.record.defects} == {"dark", "bright"}
    polygons = [polygon for defect in shown.record.defects for polygon in defect.polygons]
    assert max(len(rings) for rings in polygons) == 2
    assert min(np.ptp([y for _, y in outer]) for outer, *_ in polygons) < 1
    assert (len(polygons) > len(shown.record.defects)) == (card.threshold.join_px > 0)


def test_labels_are_the_pixels_of_the_judgement(shown: Sheet, card: Card) -> None:
    np.testing.assert_array_equal(shown.labels > 0, judge(*maps(), card).regions.mask)
    for number, defect in shown.numbered:
        rows, columns = np.nonzero(shown.labels == number)
        corner, size = (columns.min(), rows.min()), (np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert [int(value) for value in (*corner, *size)] == list(defect.box)


def test_a_map_that_is_not_the_records_is_told(shown: Sheet, media: MediaVolume) -> None:
    path = media.folder / shown.record.files.probability_map
    path.write_bytes(cv2.imencode(".png", np.roll(maps()[0], 3, 1))[1].tobytes())
    with pytest.raises(Conflict, match="not the one that its record was made from"):
        _ = shown.labels


def test_labels_are_not_kept_while_what_was_made_of_them_is_sent(shown: Sheet) -> None:
    ((sheet, labels),) = rendered([shown], lambda sheet: weakref.ref(sheet.labels))
    assert sheet.record == shown.record
    assert labels() is None
