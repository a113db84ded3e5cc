"""The 8-bit map's arithmetic against hand-made maps and plain definitions."""

import numpy as np
import pytest

from defect_api.card import Isotonic, PixelThreshold, Platt
from defect_api.thresholds import cut, defect_probability, histogram, least_peak, mean_of_largest, otsu, quantise

PLATT = Platt(method="platt", feature="mean_of_largest", pixels=4, slope=2.0, intercept=-1.0)
ISOTONIC = Isotonic(method="isotonic", feature="mean_of_largest", pixels=4, x=[0.0, 0.5, 1.0], y=[0.1, 0.2, 0.9])


def test_quantise_rounds_to_255_steps() -> None:
    np.testing.assert_array_equal(quantise(np.array([[0, 0.001, 0.5, 1, 1.01]], np.float32)), [[0, 0, 128, 255, 255]])


@pytest.mark.parametrize(("threshold", "expected"), [(0.5, 128), (1.0, 255), (1 / 255, 1), (0.002, 1), (0.2, 51)])
def test_cut_is_the_ceiling(threshold: float, expected: int) -> None:
    assert cut(threshold) == expected


def test_the_pixels_of_the_largest_pictures_are_counted_exactly() -> None:
    q = np.full((4097, 4097), 7, np.uint8)  # an odd number above 2^24, which no float32 holds
    assert histogram(q).nonzero()[0].tolist() == [7]
    assert histogram(q)[7].item() == q.size


def test_otsu_separates_two_heaps() -> None:
    q = np.array([[10] * 50 + [12] * 50 + [200] * 30 + [205] * 30], np.uint8)
    found = otsu(histogram(q))
    assert found.value is not None
    assert 12 / 255 < found.value <= 200 / 255
    assert found.separability > 0.99


def test_otsu_maximises_the_between_class_variance() -> None:
    q = np.random.default_rng(3).integers(0, 256, (20, 30)).astype(np.uint8)

    def between(k: int) -> float:
        low, high = q[q < k], q[q >= k]
        return float(len(low) * len(high) * (low.mean() - high.mean()) ** 2) if len(low) and len(high) else 0.0

    value = otsu(histogram(q)).value
    assert value is not None
    assert between(round(value * 255)) == pytest.approx(max(map(between, range(1, 256))))


def test_otsu_of_a_flat_map_is_none() -> None:
    found = otsu(histogram(np.full((5, 5), 7, np.uint8)))
    assert found.value is None
    assert found.separability == 0


def test_mean_of_largest_is_the_mean_of_the_sorted_tail() -> None:
    q = np.random.default_rng(1).integers(0, 256, (40, 50)).astype(np.uint8)
    assert mean_of_largest(histogram(q), 37) == pytest.approx(np.sort(q.ravel())[-37:].mean() / 255)


def test_mean_of_largest_of_a_smaller_map_is_its_mean() -> None:
    assert mean_of_largest(histogram(np.array([[51, 0]], np.uint8)), 100) == pytest.approx(0.1)


def test_platt_is_logistic_in_the_logit() -> None:
    counts = histogram(np.full((4, 4), 204, np.uint8))  # feature 0.8
    assert defect_probability(counts, PLATT) == pytest.approx(1 / (1 + np.exp(-(2 * np.log(4) - 1))))


@pytest.mark.parametrize("value", [0, 255])
def test_platt_is_finite_at_the_ends(value: int) -> None:
    assert 0 < defect_probability(histogram(np.full((4, 4), value, np.uint8)), PLATT) < 1


def test_isotonic_follows_its_polyline() -> None:
    assert defect_probability(histogram(np.full((4, 4), 51, np.uint8)), ISOTONIC) == pytest.approx(0.14)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.4, 0.8), (0.2, 0.4), (0.1, 0.2), (0.7, 0.9), (1.0, 1.0)],
)
def test_the_least_peak_moves_with_the_threshold(threshold: float, expected: float) -> None:
    rule = PixelThreshold(value=0.4, uncertainty=0.02, min_peak=0.8, min_region_px=1)

    assert least_peak(threshold, rule) == pytest.approx(expected)


@pytest.mark.parametrize("own", [0.2, 0.3, 0.4, 0.75, 0.8])
def test_at_the_cards_threshold_the_least_peak_is_the_cards_to_the_last_bit(own: float) -> None:
    rule = PixelThreshold(value=own, uncertainty=0.02, min_peak=0.8, min_region_px=1)

    assert cut(least_peak(own, rule)) == cut(0.8)


@pytest.mark.parametrize(("own", "peak"), [(0.1, 0.41), (0.4, 0.8)])
def test_at_1_what_the_map_is_sure_of_is_found(own: float, peak: float) -> None:
    rule = PixelThreshold(value=own, uncertainty=0.02, min_peak=peak, min_region_px=1)

    assert cut(least_peak(1.0, rule)) == 255


@pytest.mark.parametrize("threshold", [0.1, 0.4, 0.9])
def test_without_a_least_peak_every_region_of_the_mask_counts(threshold: float) -> None:
    assert least_peak(threshold, PixelThreshold(value=0.4, uncertainty=0.02, min_region_px=1)) == threshold
