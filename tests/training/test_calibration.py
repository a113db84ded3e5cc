"""The picture-level calibration: its feature is chosen by what tells pictures apart."""

import numpy as np
import pytest

from defect_api.thresholds import defect_probability, histogram
from training import calibration
from training.examples import DataError
from training.predictions import Prediction


def picture(rng: np.random.Generator, defective: bool, hot: int) -> Prediction:
    """Make a map with `hot` pixels near 1, on sound ones too, as clutter gives them."""
    q = rng.integers(0, 30, (128, 256)).astype(np.uint8)
    q.ravel()[:hot] = 250
    return Prediction("p", q, np.zeros_like(q), np.full_like(q, defective))


def pictures(hot_if_sound: tuple[int, int], hot_if_defective: tuple[int, int]) -> list[Prediction]:
    rng = np.random.default_rng(1)
    return [
        picture(rng, defective, int(rng.integers(*(hot_if_defective if defective else hot_if_sound))))
        for defective in [True, False] * 20
    ]


def test_it_averages_one_in_two_thousand_pixels() -> None:
    assert calibration.platt(pictures((0, 4), (15, 40))).pixels == round(128 * 256 / 2000)


def test_strong_defects_are_surer_than_weak_ones() -> None:
    found = calibration.platt(pictures((0, 6), (8, 40)))
    rng = np.random.default_rng(2)

    weak, strong = (defect_probability(histogram(picture(rng, True, hot).q), found) for hot in (9, 40))

    assert weak + 0.05 < strong


def test_probabilities_are_on_average_the_share_that_is_defective() -> None:
    drawn = pictures((0, 20), (8, 40))
    drawn = [p for number, p in enumerate(drawn) if not p.defective or number % 8 == 0]
    found = calibration.platt(drawn)

    said = [defect_probability(histogram(p.q), found) for p in drawn]

    assert np.mean(said) == pytest.approx(np.mean([p.defective for p in drawn]), abs=1e-3)


@pytest.mark.parametrize(("pictures", "bins"), [(4, 1), (19, 1), (20, 2), (79, 7), (128, 8), (12568, 8)])
def test_bins_hold_ten_pictures_at_the_least(pictures: int, bins: int) -> None:
    assert calibration.bin_count(pictures) == bins


@pytest.mark.parametrize(("defective", "slope"), [([False, False, True], np.inf), ([True, True, False], -np.inf)])
def test_no_slope_is_the_best_where_pictures_are_told_apart_without_an_error(
    defective: list[bool], slope: float
) -> None:
    assert calibration.slope(np.array([0.1, 0.4, 0.4]), np.array(defective)) == slope


@pytest.mark.parametrize("defective", [True, False])
def test_pictures_of_one_kind_have_no_slope(defective: bool) -> None:
    assert np.isnan(calibration.slope(np.array([0.1, 0.4, 0.4]), np.array([defective] * 3)))


def test_a_slope_forgives_probabilities_of_0_and_1() -> None:
    probability, defective = np.array([0.0, 0.0, 0.2, 0.8, 1.0, 1.0]), np.array([False, True, False, True, False, True])

    assert 0 < calibration.slope(probability, defective) < 0.1


@pytest.mark.parametrize("defective", [True, False])
def test_pictures_of_one_kind_cannot_calibrate(defective: bool) -> None:
    rng = np.random.default_rng(1)

    with pytest.raises(DataError, match=f"is {'clean' if defective else 'defective'}; add some"):
        calibration.platt([picture(rng, defective, 10) for _ in range(4)])


def test_the_order_of_pictures_of_one_probability_does_not_matter() -> None:
    probability = np.array([0.1] * 70 + [0.9] * 50)
    defective = np.array([True] * 10 + [False] * 60 + [True] * 50)
    turned = np.concatenate([defective[:70][::-1], defective[70:]])

    assert calibration.error(probability, defective) == pytest.approx(calibration.error(probability, turned))
