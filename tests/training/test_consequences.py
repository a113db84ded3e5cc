"""The card's operating points: counted by the card's rule, with intervals that few sheets keep wide."""

import numpy as np
import pytest

from defect_api.card import PixelThreshold
from training.consequences import operating_points
from training.metrics import wilson
from training.predictions import Prediction


def picture(strength: int, defective: bool) -> Prediction:
    """Return a picture with one predicted region of 1600 px."""
    q, truth = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    q[10:50, 10:50] = strength
    truth[10:50, 10:50] = defective
    return Prediction("p", q, np.zeros_like(q), truth)


PICTURES = [*(picture(strength, True) for strength in (30, 120, 200, 250)), picture(100, False), picture(10, False)]


def rules(min_region_px: int = 100) -> list[PixelThreshold]:
    return [PixelThreshold(value=0.5, uncertainty=0.02, min_region_px=min_region_px)] * len(PICTURES)


def test_misses_rise_and_false_calls_fall_with_the_threshold() -> None:
    found = operating_points(PICTURES, rules(), 0.42, "drawn", "here")

    assert found is not None
    assert found.data == "drawn"
    assert found.method.endswith("; here")
    assert [found.defective, found.clean] == [4, 2]
    at = {point.threshold: (point.misses_per_100.value, point.false_calls_per_100.value) for point in found.points}
    assert [at[threshold] for threshold in (0.1, 0.42, 0.5, 0.95)] == [(0, 50), (25, 0), (50, 0), (75, 0)]
    told = {point.threshold: point.misses_per_100.interval for point in found.points}
    assert told[0.42] == pytest.approx((4.6, 69.9))  # 1 of 4, by Wilson


def test_they_are_counted_by_the_rule_for_regions() -> None:
    found = operating_points(PICTURES, rules(min_region_px=1601), 0.5, "drawn", "here")

    assert found is not None
    assert {point.misses_per_100.value for point in found.points} == {100}


def test_without_clean_sheets_there_are_none() -> None:
    assert operating_points(PICTURES[:4], rules()[:4], 0.5, "drawn", "here") is None


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 29, 0, 0.1170), (1, 29, 0.0061, 0.1718), (29, 29, 0.8830, 1), (5, 10, 0.2366, 0.7634)],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)
