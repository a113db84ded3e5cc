"""The figures: worked out by hand on pictures small enough to count."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import hypergeom

from defect_api.card import PixelThreshold, Platt
from training import metrics
from training.examples import IGNORED
from training.predictions import Prediction

NOTHING = slice(0, 0)
CALIBRATION = Platt(method="platt", feature="mean_of_largest", pixels=8, slope=2, intercept=-1)
RULE = PixelThreshold(value=0.5, uncertainty=0.0, min_region_px=4)


def prediction(found: slice, true: slice, value: int = 255, kind: int = 1) -> Prediction:
    """Make a 64 x 64 picture: columns `found` of the map are `value`, columns `true` are a defect of class 1."""
    q, truth = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    q[:, found] = value
    truth[:, true] = 1
    return Prediction("p", q, np.full((64, 64), kind - 1, np.uint8), truth)


def counted(*predictions: Prediction) -> metrics.Counts:
    return metrics.count(predictions, [RULE] * len(predictions), [CALIBRATION] * len(predictions), 2)


def confusions(*predictions: Prediction) -> metrics.Numbers:
    return np.array([metrics.confusion(p, 1) for p in predictions])


def said(probabilities: list[float], truth: list[bool]) -> metrics.Counts:
    """Make pictures, defective as `truth` says, whose calibrated probabilities are given."""
    pictures = [prediction(NOTHING, slice(0, 8) if defective else NOTHING) for defective in truth]
    return replace(counted(*pictures), probability=np.array(probabilities))


def test_dice_and_iou_pool_all_pictures() -> None:
    counts = counted(prediction(slice(0, 20), slice(10, 30)), prediction(slice(0, 20), NOTHING))

    assert metrics.dice(counts) == pytest.approx(2 * 10 / (40 + 20))
    assert metrics.iou(counts) == pytest.approx(10 / (60 - 10))
    assert metrics.dice(counted(prediction(NOTHING, NOTHING))) == 1


def test_small_regions_do_not_count() -> None:
    speck = np.zeros((64, 64), np.uint8)
    speck[3, 3:6] = 255

    assert not metrics.decided(speck, RULE).any()
    assert metrics.decided(speck, RULE.model_copy(update={"min_region_px": 3})).any()


def test_mean_dice_looks_at_defective_pictures_only() -> None:
    counts = counted(
        prediction(slice(0, 8), slice(0, 8), kind=2), prediction(NOTHING, slice(0, 8)), prediction(NOTHING, NOTHING)
    )

    assert metrics.mean_dice(counts) == pytest.approx(0.5)


def test_the_kaggle_metric_gives_one_for_two_empty_masks() -> None:
    half = prediction(slice(0, 8), slice(4, 12))
    counts = counted(prediction(NOTHING, NOTHING), prediction(slice(0, 8), slice(0, 8), kind=2), half)

    assert metrics.kaggle_dice(counts) == pytest.approx((1 + 1 + 0 + 0 + 0.5 + 1) / 6)


def test_misses_and_false_calls_are_per_hundred_pictures_of_their_kind() -> None:
    counts = counted(
        prediction(NOTHING, slice(0, 8)),
        prediction(slice(0, 8), slice(0, 8)),
        prediction(slice(0, 8), NOTHING),
        prediction(NOTHING, NOTHING),
        prediction(NOTHING, NOTHING),
        prediction(NOTHING, NOTHING),
    )

    assert metrics.misses(counts) == 50
    assert metrics.false_calls(counts) == 25


def test_the_dice_of_a_class_that_no_picture_shows_is_no_number() -> None:
    counts = counted(prediction(slice(0, 8), slice(0, 8), kind=2), prediction(NOTHING, NOTHING))

    assert metrics.class_dice(counts, 1) == 0
    assert np.isnan(metrics.class_dice(counts, 2))


def test_the_first_systems_metric_is_soft_and_pools_batches() -> None:
    perfect = prediction(slice(0, 32), slice(0, 32))
    half = prediction(slice(0, 32), slice(0, 32), value=51)

    assert metrics.first_system_dice(counted(perfect)) == pytest.approx(1, abs=1e-3)
    assert metrics.first_system_dice(counted(half)) == pytest.approx(2 * 0.2 / 1.2, abs=1e-3)


def test_the_first_systems_metric_pools_eight_defective_pictures() -> None:
    pictures = [prediction(slice(0, 32), slice(0, 32)), prediction(NOTHING, slice(0, 32))] * 4

    counts = counted(*pictures, prediction(slice(0, 32), NOTHING))

    assert metrics.first_system_dice(counts) == pytest.approx(2 * 4 / (4 + 8), abs=1e-3)


def test_the_first_systems_batches_are_drawn_by_chance() -> None:
    pictures = [prediction(slice(0, 32), slice(0, 32))] * 8 + [prediction(NOTHING, slice(0, 32))] * 8

    found = metrics.first_system_dice(counted(*pictures))

    # of 2k / (k + 8) over how many of the eight that are found meet in a batch
    shares = hypergeom(16, 8, 8).pmf(np.arange(9))
    assert found == pytest.approx(float(shares @ (2 * np.arange(9) / (np.arange(9) + 8))), abs=0.01)


def test_the_first_systems_metric_is_taken_at_its_own_size_and_smoothed_by_1() -> None:
    q, truth = np.zeros((2, 256, 1600), np.uint8)
    q[:2, :2], truth[:2, :2] = (204, 0), 1  # a pixel of 0.4 at half the size

    counts = counted(Prediction("p", q, np.zeros_like(q), truth))

    assert metrics.first_system_dice(counts) == pytest.approx((2 * 0.4 + 1) / (0.4 + 1 + 1))


def test_the_first_systems_metric_does_not_depend_on_the_order_of_the_pictures() -> None:
    pictures = [prediction(slice(0, 4 * number), slice(0, 40), value=15 * number) for number in range(1, 13)]

    there, back = counted(*pictures), counted(*pictures[::-1])

    assert metrics.first_system_dice(there) == metrics.first_system_dice(back)


def test_a_well_calibrated_map_has_no_calibration_error() -> None:
    sure, wrong = prediction(slice(0, 8), slice(0, 8)), prediction(slice(0, 32), NOTHING)

    assert metrics.pixel_calibration_error(counted(sure)) == 0
    assert metrics.pixel_calibration_error(counted(wrong)) == pytest.approx(0.5)


def test_pixels_of_which_nothing_is_known_are_in_no_bin() -> None:
    p = prediction(slice(0, 8), slice(0, 8))
    known = replace(p, truth=np.where(np.arange(64) < 32, p.truth, IGNORED).astype(np.uint8))

    assert counted(known).histogram.sum() == 64 * 32
    assert counted(p).histogram.sum() == 64 * 64


def test_a_few_pictures_are_not_cut_into_bins_that_differ_by_chance() -> None:
    assert metrics.calibration_error(said([0.5] * 10, truth=[True, False] * 5)) == 0


def test_picture_figures_follow_the_calibrated_probability() -> None:
    counts = said([0.9, 0.2], truth=[True, False])

    assert metrics.roc_auc(counts) == 1
    assert metrics.average_precision(counts) == 1
    assert metrics.brier(counts) == pytest.approx((0.01 + 0.04) / 2)


def test_an_interval_holds_the_figure_and_is_reproducible() -> None:
    pictures = [prediction(slice(0, n), slice(0, 10)) for n in range(1, 21)]
    counts = counted(*pictures)

    low, high = metrics.interval(counts, metrics.dice, resamples=200)

    assert low < metrics.dice(counts) < high
    assert (low, high) == metrics.interval(counts, metrics.dice, resamples=200)


def test_an_interval_holds_95_of_100_draws() -> None:
    shown = np.repeat([0.0, 1.0], 200)

    found = metrics.interval(shown, lambda drawn: float(drawn.mean()), resamples=2000)

    assert found == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)


def test_an_interval_is_of_the_draws_that_have_a_figure() -> None:
    shown = np.repeat([0.0, 1.0], 20)

    def of_the_upper_half(drawn: metrics.Numbers) -> float:
        return 1.0 if drawn.mean() >= 0.5 else float("nan")

    assert metrics.interval(shown, of_the_upper_half, resamples=50) == (1, 1)
    assert np.isnan(metrics.interval(shown, lambda _: float("nan"), resamples=5)).all()
    assert not np.isfinite(metrics.interval(shown, lambda _: float("inf"), resamples=5)).any()


def test_mean_iou_counts_the_background_as_a_class() -> None:
    perfect, missed = (prediction(slice(0, 32), slice(0, 32), value) for value in (128, 127))

    assert metrics.mean_iou(confusions(perfect)) == 1
    assert metrics.mean_iou(confusions(missed)) == pytest.approx(0.25)
    assert metrics.mean_iou(confusions(perfect, missed)) == pytest.approx((64 / 96 + 32 / 64) / 2)


def test_mean_iou_leaves_out_a_class_that_does_not_occur() -> None:
    counted = np.array([metrics.confusion(prediction(slice(0, 32), slice(0, 32)), 3)])

    assert metrics.mean_iou(counted) == 1


def test_the_interval_of_mean_iou_holds_it() -> None:
    counted = confusions(*(prediction(slice(0, n), slice(0, 10)) for n in range(1, 21)))

    low, high = metrics.interval(counted, metrics.mean_iou, resamples=200)

    assert low < metrics.mean_iou(counted) < high
    assert (low, high) == metrics.interval(counted, metrics.mean_iou, resamples=200)


def test_the_probability_is_calibrated_and_what_it_was_made_of_is_kept() -> None:
    counts = counted(prediction(slice(0, 8), NOTHING, value=204))  # 0.8, log odds 1.386

    spot = prediction(NOTHING, NOTHING)
    spot.q[0, :4] = 255

    assert counts.before[0] == pytest.approx(0.8)
    assert counted(spot).before[0] == pytest.approx(4 / CALIBRATION.pixels)
    assert counts.probability[0] == pytest.approx(1 / (1 + np.exp(-(2 * np.log(4) - 1))))


def test_calibration_error_is_small_where_probabilities_hold() -> None:
    truth = ([True] + [False] * 3) * 16 + ([False] + [True] * 3) * 16
    honest, boastful = said([0.25] * 64 + [0.75] * 64, truth), said([0.01] * 64 + [0.99] * 64, truth)

    assert metrics.calibration_error(honest) == pytest.approx(0, abs=1e-9)
    assert metrics.calibration_error(boastful) == pytest.approx(0.24)
    assert metrics.calibration_slope(honest) == pytest.approx(1, abs=1e-3)
    assert metrics.calibration_slope(boastful) < 0.5
    assert metrics.calibration_error_before(replace(honest, before=boastful.probability)) == pytest.approx(0.24)
