"""Choosing thresholds and calibration: on what the network never saw, and never on what is reported with them."""

import numpy as np
import pytest

from defect_api.card import PixelThreshold, Platt
from defect_api.thresholds import cut
from training import operating_point
from training.predictions import Prediction


def picture(rng: np.random.Generator, defective: bool, strength: int = 220) -> Prediction:
    q = rng.integers(0, 60, (64, 64)).astype(np.uint8)
    truth = np.zeros((64, 64), np.uint8)
    if defective:
        truth[10:50, 10:50] = 1
        q[truth > 0] = strength
    return Prediction("p", q, np.zeros_like(q), truth)


@pytest.fixture
def folds() -> list[list[Prediction]]:
    rng = np.random.default_rng(1)
    return [[picture(rng, defective) for defective in (True, True, False, False)] for _ in range(3)]


def test_the_chosen_rule_separates_what_can_be_separated(folds: list[list[Prediction]]) -> None:
    point = operating_point.choose([p for fold in folds for p in fold])

    assert 60 / 255 < point.rule.value < 220 / 255
    assert point.rule.min_region_px < 40 * 40
    assert isinstance(point.calibration, Platt)
    assert point.calibration.slope > 0


def test_defects_as_small_as_the_labels_are_found() -> None:
    rng = np.random.default_rng(3)
    truth = np.zeros((64, 64), np.uint8)
    truth[20:25, 20:25] = 1
    clean = [picture(rng, defective=False) for _ in range(4)]
    pits = [Prediction("p", np.where(truth, 250, p.q).astype(np.uint8), p.classes, truth) for p in clean]

    nested = operating_point.choose_nested([pits[:2] + clean[:2], pits[2:] + clean[2:]])

    for point in (operating_point.choose(pits + clean), nested[0], *nested[1]):
        assert point.rule.min_region_px <= 25


def test_a_fold_does_not_bring_its_own_regions_to_choose_from(folds: list[list[Prediction]]) -> None:
    rng = np.random.default_rng(3)
    truth = np.zeros((64, 64), np.uint8)
    truth[20:25, 20:25] = 1
    clean = [picture(rng, defective=False) for _ in range(2)]
    pits = [Prediction("p", np.where(truth, 250, p.q).astype(np.uint8), p.classes, truth) for p in clean]

    _, nested = operating_point.choose_nested([*folds, [*pits, *clean]])

    assert nested[-1].rule.min_region_px == min(operating_point.REGIONS)


def test_a_fold_does_not_choose_its_own_threshold(folds: list[list[Prediction]]) -> None:
    rng = np.random.default_rng(2)
    odd = [picture(rng, defective, strength=120) for defective in (True, True, False, False)]

    plain = [picture(rng, defective) for defective in (True, True, False, False)]

    _, with_odd = operating_point.choose_nested([odd, *folds])
    _, without = operating_point.choose_nested([plain, *folds])

    assert with_odd[0] == without[0]


def test_the_uncertainty_is_at_least_the_grids(folds: list[list[Prediction]]) -> None:
    chosen, _ = operating_point.choose_nested(folds)

    assert chosen.rule == PixelThreshold(
        value=chosen.rule.value,
        uncertainty=operating_point.LEAST_UNCERTAINTY,
        min_region_px=chosen.rule.min_region_px,
        min_peak=chosen.rule.min_peak,
    )


def test_the_uncertainty_is_half_of_what_the_folds_differ_by() -> None:
    rng = np.random.default_rng(9)
    faint, haloed = ([picture(rng, kind, strength) for kind in (True, True, False, False)] for strength in (120, 220))
    for p in haloed[:2]:
        p.q[5:55, 5:55] = np.maximum(p.q[5:55, 5:55], 150)

    chosen, nested = operating_point.choose_nested([faint, haloed])

    low, high = sorted(point.rule.value for point in nested)
    assert low <= 120 / 255 < 150 / 255 < high
    assert chosen.rule.uncertainty == pytest.approx((high - low) / 2)


def spotted(rng: np.random.Generator, shape: tuple[int, int], defective: bool) -> Prediction:
    """Return a picture with a sure region, which is a defect or sound."""
    p = picture(rng, False)
    spot = slice(5, 5 + shape[0]), slice(5, 5 + shape[1])
    p.q[spot], p.truth[spot] = 250, defective
    return p


@pytest.mark.parametrize(("small", "clean", "kept"), [((10, 14), 0, False), ((7, 15), 3, True)])
def test_a_miss_or_a_false_call_weighs_more_than_its_few_pixels(small: tuple[int, int], clean: int, kept: bool) -> None:
    rng = np.random.default_rng(10)
    pictures = [picture(rng, True, strength=250), spotted(rng, small, True), spotted(rng, (10, 13), False)]
    pictures += [picture(rng, False) for _ in range(clean)]

    rule = operating_point.choose(pictures).rule  # pooled Dice alone would choose the other one

    assert (rule.min_region_px <= small[0] * small[1]) == kept


def test_faint_false_areas_are_kept_out_by_the_peak_and_not_by_the_threshold() -> None:
    rng = np.random.default_rng(6)
    pictures = [picture(rng, defective) for defective in (True, True, False, False)]
    for p in pictures[:2]:
        p.q[10:50, 10:30] = 90  # half of each defect is faint, and would be lost to a higher threshold
    for p in pictures[2:]:
        p.q[10:50, 10:50] = 120

    rule = operating_point.choose(pictures).rule

    assert rule.value <= 90 / 255 < 120 / 255 < rule.min_peak


def test_the_bounded_threshold_keeps_the_missed_area_small() -> None:
    rng = np.random.default_rng(3)
    pictures = [picture(rng, True, strength=int(s)) for s in rng.integers(100, 250, 60)]

    threshold = operating_point.bounded_miss_threshold(pictures, rules(pictures))

    assert threshold is not None
    missed = np.mean([(p.q[p.truth > 0] < 255 * threshold).mean() for p in pictures])
    assert 0.02 < missed <= 0.1


def rules(pictures: list[Prediction], **changes: float) -> list[PixelThreshold]:
    rule = PixelThreshold(value=0.5, uncertainty=0, min_region_px=1)
    return [rule.model_copy(update=changes)] * len(pictures)


def test_too_few_pictures_bound_nothing() -> None:
    pictures = [picture(np.random.default_rng(4), True)]

    assert operating_point.bounded_miss_threshold(pictures, rules(pictures)) is None


@pytest.mark.parametrize(
    ("rule", "least", "most"),
    [({}, 0.9, 1), ({"min_region_px": 1601}, 0, 60 / 255), ({"min_peak": 0.99}, 0.49, 250 / 255 * 0.5 / 0.99)],
)
def test_what_the_rule_for_regions_drops_is_missed(rule: dict[str, float], least: float, most: float) -> None:
    rng = np.random.default_rng(7)
    pictures = [picture(rng, True, strength=250) for _ in range(30)]

    threshold = operating_point.bounded_miss_threshold(pictures, rules(pictures, **rule))

    assert threshold is not None
    assert least < threshold <= most


@pytest.mark.parametrize("value", [1, 3, 4, 100, 255])
def test_the_bounded_threshold_is_shown_with_three_decimals_as_it_is(value: int) -> None:
    pictures = [picture(np.random.default_rng(8), True, strength=value) for _ in range(30)]
    for p in pictures:
        p.q[p.truth == 0] = 0

    threshold = operating_point.bounded_miss_threshold(pictures, rules(pictures))

    assert threshold is not None
    assert float(f"{threshold:.3f}") == threshold
    assert cut(threshold) == value


def broken(rng: np.random.Generator, gap: int, parts: int) -> Prediction:
    """Return a picture whose one defect is predicted in several parts, `gap` px apart."""
    q = rng.integers(0, 40, (128, 512)).astype(np.uint8)
    truth = np.zeros_like(q)
    truth[20:60, 20 : 20 + parts * (40 + gap)] = 1
    for part in range(parts):
        left = 20 + part * (40 + gap)
        q[20:60, left : left + 40] = 220
    return Prediction("p", q, np.zeros_like(q), truth)


@pytest.mark.parametrize(("gap", "join_px"), [(1, 4), (7, 8), (12, 16)])
def test_fragments_are_joined_as_far_as_gives_the_number_of_defects_there_are(gap: int, join_px: int) -> None:
    rng = np.random.default_rng(5)
    pictures = [broken(rng, gap, parts) for parts in (2, 3, 4)] + [picture(rng, False)] * 3

    assert operating_point.choose(pictures).rule.join_px == join_px


def test_defects_that_lie_near_each_other_stay_as_many_as_they_are() -> None:
    rng = np.random.default_rng(5)
    pictures = [broken(rng, 6, parts) for parts in (2, 3, 4)] + [picture(rng, False)] * 3
    for p in pictures:
        p.truth[p.q < 220] = 0

    assert operating_point.choose(pictures).rule.join_px < 6


def test_what_is_whole_is_not_joined(folds: list[list[Prediction]]) -> None:
    assert operating_point.choose(folds[0]).rule.join_px == 0
